# SPDX-License-Identifier: BSD-2-Clause
# bench/growth.gp - a pin at scattered places by how much is mapped; minima. csv and png are set by bench/run.
set datafile separator ","
set terminal pngcairo size 760,520 noenhanced font "sans,11"
set output png
set logscale xy
set format y "%g"
set xtics ("64M" 67108864, "1G" 1073741824, "8G" 8589934592, "64G" 68719476736)
set xrange [40000000:110000000000]
set xlabel "mapped in 4K pages"
set ylabel "nanoseconds a page, pin + unpin, minimum"
set grid
set key top left font ",9"
set title "Pins at scattered places"

rows(bench) = sprintf("< awk -F, '$1 == \"%s\" && $5 == \"pair_min\"' '%s'", bench, csv)

plot rows("growth-1") using 2:6 with linespoints lc 1 pt 7 title "libgup, 1 page a call", \
	rows("growth-1") using 2:7 with linespoints lc 1 dt 2 pt 6 title "raw loop, 1 page a call", \
	rows("growth-1-ahead") using 2:7 with linespoints lc 3 dt 3 pt 8 title "raw loop, 1 page a call, places known ahead", \
	rows("growth-16") using 2:6 with linespoints lc 2 pt 5 title "libgup, 16 pages a call", \
	rows("growth-16") using 2:7 with linespoints lc 2 dt 2 pt 4 title "raw loop, 16 pages a call"
