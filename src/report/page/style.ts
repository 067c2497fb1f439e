// SPDX-License-Identifier: MIT
// How the report's page looks, apart from its figures.

export const pageStyle = `
:root{color-scheme:light dark;--ink:#1a1a1a;--faint:#595959;--line:#d9d9d9;--page:#f6f7f9;
--card:#fff;--warn:#fff4d6}
@media screen and (prefers-color-scheme:dark){
:root{--ink:#e6e6e6;--faint:#a6a6a6;--line:#3d3d3d;--page:#0e0f13;--card:#16181d;--warn:#3a2e10}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1240px;padding:24px;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Helvetica,Arial,"Liberation Sans",sans-serif}
h1{font-size:24px;margin:0}
h2{font-size:19px;margin:32px 0 4px}
h3,summary{font-size:16px;font-weight:600;margin:28px 0 10px}
summary{cursor:pointer}
details summary{margin:14px 0 10px}
p{margin:4px 0}
.faint,figcaption{color:var(--faint)}
.warning{background:var(--warn);border-left:4px solid #e69f00;padding:8px 12px;margin:12px 0}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(440px,100%),1fr));gap:16px;
align-items:start}
.card,figure,pre{background:var(--card);border:1px solid var(--line);border-radius:6px}
figure{margin:0;padding:12px;break-inside:avoid}
figure .figure{display:block;width:100%;height:auto}
figcaption{display:flex;justify-content:space-between;gap:12px;font-size:13px;margin-top:6px}
.card{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:13px}
th,td{padding:5px 8px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}
tr:last-child td,tr:last-child th{border-bottom:0}
th{font-weight:600}
th.name,td.name{text-align:left}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:0;padding:12px}
dt{color:var(--faint)}
dd{margin:0;overflow-wrap:anywhere}
pre{padding:12px;overflow-x:auto;margin:8px 0}
code{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,monospace;font-size:13px}
button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);
border-radius:5px;
padding:4px 12px;cursor:pointer}
figcaption button{font-size:12px;padding:0 8px}
#readout{position:fixed;pointer-events:none;background:var(--ink);color:var(--page);
border-radius:4px;
padding:3px 8px;font-size:13px;max-width:320px;z-index:1}
@media print{body{max-width:none;padding:0;background:none}button,#readout{display:none}}
`
