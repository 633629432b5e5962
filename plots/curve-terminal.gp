# The same lines in characters: a letter for each line that is no roof, in the order of the table below the picture.
# Variables and datablocks as in curve.gp.
set logscale xy 10
set xrange [x_min:x_max]
set yrange [y_min:y_max]
eval decades('x', x_min, x_max)
eval decades('y', y_min, y_max)
set format xy '%.0s %c'
set xlabel x_text noenhanced
set ylabel y_text noenhanced rotate
set title title_text noenhanced
set tics nomirror scale 0.5
set border 3
unset key
unset grid
letter(i) = substr('ABCDEFGHIJKLMNOP', 1 + (i - 1) / 2, 1 + (i - 1) / 2)
plot for [i=1:n_series] $series index (i-1) using 1:(series_roof[i] ? $2 : NaN) with lines lc 8 notitle, \
     for [i=1:n_series] $series index (i-1) using 1:(series_roof[i] ? NaN : $2):(letter(i)) with labels notitle
