# Time of a collective against its size. `gable net collective -o FILE` writes in front of this file the terminal, the
# variables (title_text, n_runs, run_title[]) and the datablocks $runs (bytes, us; one index a run of one algorithm) and
# $band (bytes, p10, p90, ceiling, us).

ink = '#222222'
array run_color[8] = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#8c564b', '#444444']
set border 3 lc rgb '#888888' lw 0.8
set tics nomirror out scale 0.6 textcolor rgb ink
set grid xtics ytics lc rgb '#e6e6e6' lw 0.5 lt 1
stats $band using 1 nooutput
set logscale x 2
set logscale y 10
# A label a doubling, or every fifth of many: 1 KiB, 32 KiB, 1 MiB ...
first = floor(log(STATS_min) / log(2) + 0.001)
last = ceil(log(STATS_max) / log(2) - 0.001)
doublings = last - first > 12 ? 5 : last - first > 8 ? 2 : 1
set xrange [2.0**(first - 0.001):2.0**(last + 0.001)] # a label at an end is not lost to rounding
set xtics ()
do for [e = doublings * ((first + doublings - 1) / doublings):last:doublings] {
    set xtics add (sprintf('%.0f %s', 2.0**(e % 10), word('B KiB MiB GiB TiB PiB', 1 + e / 10)) 2.0**e)
}
set format y '%g'
set xlabel 'full buffer, bytes' textcolor rgb ink
set ylabel 'time, us' textcolor rgb ink
set title title_text noenhanced textcolor rgb ink
set key top left Left reverse samplen 1.5 noenhanced textcolor rgb ink
plot $band using 1:2:3 with filledcurves fc rgb '#dddddd' fs solid noborder title 'p10 to p90', \
     $band using 1:($4 > 0 ? $4 : NaN) with lines lc rgb '#888888' lw 1 dt (6,4) title 'speed of light', \
     for [i=1:n_runs] $runs index (i-1) using 1:2 with lines lw 2 lc rgb run_color[1 + (i - 1) % 8] title run_title[i]
