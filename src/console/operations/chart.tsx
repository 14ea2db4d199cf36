import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type Sample, WINDOW_MS } from './samples.ts';

/** CSS pixels. */
const HEIGHT = 132;
const FONT = '11px system-ui, sans-serif';

/** A line of the palette (styles/base.css): a canvas knows no custom properties. */
const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const optionsFor = (label: string, width: number): uPlot.Options => {
  const axis: uPlot.Axis = {
    stroke: colour('--quiet'),
    font: FONT,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { range: (_plot, _min, max) => [max - WINDOW_MS / 1_000, max] },
      y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.2 : 1] },
    },
    axes: [
      { ...axis, size: 28, space: 64, values: (_plot, ticks) => ticks.map(timeOf) },
      { ...axis, size: 44, space: 32 },
    ],
    series: [
      {},
      {
        label,
        stroke: colour('--accent'),
        fill: colour('--accent-soft'),
        width: 2,
        points: { show: (plot) => plot.data[0].length < 2, size: 6, fill: colour('--accent') },
      },
    ],
  };
};

const time = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hour12: false });
const timeOf = (seconds: number): string => time.format(seconds * 1_000);

/** A figure over the last minutes. For who does not see it, its value stands beside it as text. */
export function Chart({
  label,
  samples,
  valueOf,
}: {
  readonly label: string;
  readonly samples: readonly Sample[];
  readonly valueOf: (sample: Sample) => number | null;
}) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const data = useRef<uPlot.AlignedData>([[], []]);
  data.current = [samples.map(({ at }) => at / 1_000), samples.map(valueOf)];

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsFor(label, element.clientWidth), data.current, element);
    };
    draw();
    const resized = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    resized.observe(element);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', draw);
    return () => {
      resized.disconnect();
      dark.removeEventListener('change', draw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [label]);

  useEffect(() => plot.current?.setData(data.current), [samples]);

  return (
    <div
      ref={place}
      className="chart"
      role="img"
      aria-label={`${label} over the last 10 minutes`}
      data-samples={samples.length}
    />
  );
}
