# One figure of several models along one axis, log-log. `gable curve` writes in front of this file the terminal, the
# variables (title_text, x_text, y_text, in_pairs, n_series, series_title[], series_roof[], x_min … y_max) and the datablocks
# $series and $marks (one index a line; marks are x, y and the batch that is written beside the point, after a dummy).

ink = '#222222'
array line_color[8] = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#8c564b', '#444444']
array line_dash[3] = [1, 2, 4]
array line_point[3] = [7, 6, 4] # a colour that comes again is told apart in the key too
again(i) = 1 + ((in_pairs ? (i - 1) / 2 : i - 1) / 8) % 3
# In pairs, a roof and the line below it have one colour.
color_of(i) = 1 + (in_pairs ? (i - 1) / 2 : i - 1) % 8
roof_color(i) = in_pairs ? line_color[color_of(i)] : '#888888'
number_of(n) = n >= 1e6 && floor(n / 1e6) * 1e6 == n ? sprintf('%.0fM', n / 1e6) : n >= 1e4 && floor(n / 1e3) * 1e3 == n ? sprintf('%.0fk', n / 1e3) : sprintf('%.0f', n)
dash_of(i) = series_roof[i] ? 1 : line_dash[again(i)]
set border 3 lc rgb '#888888' lw 0.8
set tics nomirror out scale 0.6 textcolor rgb ink
set grid xtics ytics lc rgb '#e6e6e6' lw 0.5 lt 1
set logscale xy 10
set xrange [x_min:x_max]
set yrange [y_min:y_max]
eval decades('x', x_min, x_max)
eval decades('y', y_min, y_max)
set format xy '%.0s %c'
if (y_max / y_min < 1000) do for [e=floor(log10(y_min)):ceil(log10(y_max))] {
    do for [m=2:5:3] { set ytics add (gprintf('%.0s %c', m * 10.0**e) m * 10.0**e) }
}
set xlabel x_text noenhanced textcolor rgb ink
set ylabel y_text noenhanced textcolor rgb ink
set title title_text noenhanced textcolor rgb ink
if (in_pairs) {
    set key inside right bottom Left reverse samplen 2 noenhanced textcolor rgb ink
} else {
    set key outside right top Left reverse samplen 2 noenhanced textcolor rgb ink
}
plot for [i=1:n_series] $series index (i-1) using 1:(series_roof[i] ? $2 : NaN) with lines lc rgb roof_color(i) lw 1.4 notitle, \
     for [i=1:n_series] $series index (i-1) using 1:(series_roof[i] ? NaN : $2) with linespoints pt line_point[again(i)] ps (again(i) == 1 ? 0.5 : 0.8) lw 2 lc rgb line_color[color_of(i)] dt dash_of(i) notitle, \
     for [i=1:n_series] $marks index (i-1) every ::1 using 1:2:(number_of($3)) with labels offset (in_pairs || i % 2 ? 1.6 : -1.8),(in_pairs || i % 2 ? -0.6 : 0.6) font ',9' textcolor rgb line_color[color_of(i)] notitle, \
     for [i=1:n_series] keyentry with linespoints pt (series_roof[i] ? -1 : line_point[again(i)]) ps 0.7 lw 2 lc rgb (series_roof[i] ? roof_color(i) : line_color[color_of(i)]) dt dash_of(i) title series_title[i] noenhanced
