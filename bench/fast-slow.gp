# SPDX-License-Identifier: BSD-2-Clause
# bench/fast-slow.gp - the median cost of pinning one page by size of the call; csv and png are set by bench/run.
set datafile separator ","
set terminal pngcairo size 1200,640 noenhanced font "sans,11"
set output png
set logscale xy
set format y "%g"
set xtics ("4K" 4096, "64K" 65536, "1M" 1048576, "16M" 16777216)
set xrange [2800:24000000]
set xlabel "size of a call"
set ylabel "nanoseconds a page, pin only, median"
set grid
set key below vertical maxrows 4 font ",9"

# The rows of one comparison, kind of page and number of threads; column 6 is fast, 7 is slow.
rows(bench, kind, threads) = sprintf("< awk -F, '$1 == \"%s\" && $3 == \"%s\" && $4 == %d && $5 == \"pin_med\"' '%s'", \
	bench, kind, threads, csv)

set multiplot layout 1,2 title "pin_user_pages_fast against pin_user_pages_unlocked"
do for [kind in "4K 2M"] {
	set title kind . " folios"
	plot rows("fast-slow", kind, 1) using 2:6 with linespoints lc 1 pt 7 title "fast", \
		rows("fast-slow-longterm", kind, 1) using 2:6 with linespoints lc 2 pt 7 title "fast, LONGTERM", \
		rows("fast-slow", kind, 1) using 2:7 with linespoints lc 4 pt 5 title "slow", \
		rows("fast-slow-longterm", kind, 1) using 2:7 with linespoints lc 7 pt 5 title "slow, LONGTERM", \
		rows("fast-slow", kind, 2) using 2:6 with linespoints lc 1 dt 2 pt 6 title "fast, 2nd thread", \
		rows("fast-slow-longterm", kind, 2) using 2:6 with linespoints lc 2 dt 2 pt 6 title "fast, LONGTERM, 2nd thread", \
		rows("fast-slow", kind, 2) using 2:7 with linespoints lc 4 dt 2 pt 4 title "slow, 2nd thread", \
		rows("fast-slow-longterm", kind, 2) using 2:7 with linespoints lc 7 dt 2 pt 4 title "slow, LONGTERM, 2nd thread"
}
unset multiplot
