# SPDX-License-Identifier: BSD-2-Clause
# bench/limits.gp - pin and unpin of one page by size of the call: libgup, the kernel and the limit; minima. csv and png are
# set by bench/run.
set datafile separator ","
set terminal pngcairo size 1200,560 noenhanced font "sans,11"
set output png
set logscale xy
set format y "%g"
set xtics ("4K" 4096, "64K" 65536, "1M" 1048576, "16M" 16777216, "256M" 268435456)
set xlabel "size of a call"
set ylabel "nanoseconds a page, pin + unpin, minimum"
set grid
set key top right font ",9"

# The rows of one comparison and kind of page; column 6 is libgup, 7 the peer.
rows(bench, kind, metric) = sprintf("< awk -F, '$1 == \"%s\" && $3 == \"%s\" && $4 == 1 && $5 == \"%s_min\"' '%s'", \
	bench, kind, metric, csv)

set multiplot layout 1,2 title "Pages that are present: libgup, the kernel, and a loop that does nothing else"
set title "4K folios"
set xrange [2800:24000000]
plot rows("uring", "4K", "pair") using 2:7 with linespoints lc 4 pt 5 title "io_uring register + unregister", \
	rows("slow-populate", "4K", "pin") using 2:7 with linespoints lc 6 pt 13 title "MADV_POPULATE_WRITE (holds nothing)", \
	rows("fast-slow", "4K", "pair") using 2:7 with linespoints lc 7 pt 9 title "libgup, slow", \
	rows("raw-loop", "4K", "pair") using 2:6 with linespoints lc 1 pt 7 title "libgup, fast", \
	rows("raw-loop", "4K", "pair") using 2:7 with linespoints lc 0 pt 2 title "raw loop"
set title "2M folios"
set xrange [2800:400000000]
plot rows("uring", "2M", "pair") using 2:7 with linespoints lc 4 pt 5 title "io_uring register + unregister", \
	rows("fast-slow", "2M", "pair") using 2:7 with linespoints lc 7 pt 9 title "libgup, slow", \
	rows("fast-slow", "2M", "pair") using 2:6 with linespoints lc 1 pt 7 title "libgup, fast", \
	rows("uring", "2M", "pair") using 2:6 with linespoints lc 2 pt 6 title "libgup, fast, LONGTERM, in 256M"
unset multiplot
