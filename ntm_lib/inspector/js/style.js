// The inspector's looks, for its shadow root. Colours of drawings are in canvas.js.

export const inspectorStyle = `
:host { display: block; margin: 1.5rem 0; }
.inspector {
  --ink: #1c2128; --muted: #5b6470; --line: #c9d0d8; --write: #b8450f; --read: #1f6fb2; --hover: #eef1f4; --page: #fff;
  container-type: inline-size; outline: none; color: var(--ink); text-align: start;
  background: var(--pst-color-background, var(--jp-layout-color0, var(--page)));
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums;
}
.inspector[data-theme=dark] {
  --ink: #e8ebef; --muted: #a3adb9; --line: #454f5b; --write: #f2894f; --read: #62b0f0; --hover: #262e37; --page: #14181e;
  color-scheme: dark;
}
p, dl, dd { margin: 0; }
.title { font-size: 16px; font-weight: 600; margin-bottom: 10px; }
.name, dt, small, .caption { font-size: 12px; color: var(--muted); }
.name { font-weight: 600; margin-bottom: 6px; color: var(--mark); }
.name::first-letter { text-transform: uppercase; }
[hidden] { display: none !important; }
.transport, .choices, .choices label { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 16px; }
.choices label { gap: 6px; min-height: 34px; }
.buttons { display: flex; margin-left: -9px; }
button, select { font: inherit; color: inherit; background: none; border: 1px solid var(--line); border-radius: 4px; min-height: 30px; padding: 0 10px; }
button, select, input, summary, .choices label { cursor: pointer; }
.buttons button { border: 0; padding: 0; width: 34px; height: 34px; }
button:hover { background: var(--hover); }
svg { width: 16px; height: 16px; fill: currentColor; display: block; margin: auto; }
:focus-visible { outline: 2px solid var(--read); outline-offset: 2px; border-radius: 2px; }
input { width: 16px; height: 16px; margin: 0; accent-color: var(--read); }
input[type=range] { flex: 1 1 160px; min-width: 0; height: 28px; }
.count { min-width: 7.2em; text-align: right; margin-left: auto; }
.readout { margin: 6px 0 12px; min-height: 1.45em; color: var(--muted); }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.parts, .heads, .stages { display: grid; gap: 20px 28px; grid-template-columns: minmax(0, 1fr); }
.panel { position: relative; }
canvas { display: block; width: 100%; }
canvas + canvas { position: absolute; inset: 0; cursor: crosshair; }
.write { --mark: var(--write); }
.read { --mark: var(--read); }
dl { display: grid; grid-template-columns: auto auto minmax(0, 1fr) auto; gap: 10px; margin-bottom: 12px; }
dt { white-space: nowrap; }
.bar { display: block; height: 3px; margin-top: 3px; background: var(--line); }
.bar::before { content: ""; display: block; height: 100%; width: calc(100% * var(--part)); background: var(--mark); }
.shift { display: flex; gap: 4px; }
.shift > span { flex: 1; }
dl > div:has(.shift > :nth-child(4)) { grid-column: 1 / -1; order: 1; }
details { margin-top: 16px; }
summary { line-height: 28px; margin-bottom: 10px; }
.caption { margin-top: 12px; }
[role=alert] { padding: 12px 14px; border-left: 3px solid var(--write); background: var(--hover); }
slot { display: none; }
@container (max-width: 480px) {
  input[type=range] { order: 1; flex-basis: 100%; }
  .readout { min-height: 2.9em; }
}
@container (min-width: 600px) {
  .parts { grid-template-columns: minmax(0, 1.12fr) minmax(0, 1fr); }
  .memory { grid-area: 1 / 2 / span 2; }
  .heads, .stages { grid-template-columns: repeat(2, minmax(0, 1fr)); grid-column: 1 / -1; }
}
@container (max-width: 899px) {
  .long .parts { grid-template-columns: minmax(0, 1fr); }
  .long .memory { grid-area: auto / 1; }
}
@media print {
  .inspector { display: none; }
  slot { display: block; }
}
`;
