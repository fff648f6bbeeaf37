import { darkChartRules, pageColours } from './palette.js';

/** The style sheet of a report: light and dark, from phones to paper, without a font or image of its own. */
export const pageStyle = (): string => `
:root{color-scheme:light dark;${pageColours('light')}}
@media screen and (prefers-color-scheme:dark){:root{${pageColours('dark')}}}
${darkChartRules()}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0 auto;max-width:72rem;padding:0 clamp(1rem,4vw,2.5rem) 4rem;background:var(--page);color:var(--ink);
 font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;overflow-wrap:break-word}
h1,h2,h3{line-height:1.2;margin:0;text-wrap:balance}
h1{font-size:1.9rem;letter-spacing:-.015em}
h2{font-size:1.4rem;letter-spacing:-.01em}
h3{font-size:1.05rem}
p{margin:.4rem 0 0;max-width:65ch}
a{color:var(--series1)}
.muted,figcaption small,.about{color:var(--muted)}
header{padding:clamp(1.5rem,5vw,3rem) 0 1.25rem}
.notice{margin-top:1rem;padding:.6rem .9rem;border:1px solid var(--rule);border-left:4px solid var(--series2);border-radius:4px}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin:1rem 0 0;padding:0;list-style:none}
nav a{text-decoration:none}
nav a:hover,nav a:focus-visible{text-decoration:underline}
.chapter{border-top:1px solid var(--rule);padding:2rem 0 1rem}
.part{margin-top:1.75rem}
.figures{display:flex;flex-wrap:wrap;gap:1rem 2.25rem;margin:1.25rem 0 0}
.figures div{display:flex;flex-direction:column-reverse}
.figures dt{color:var(--muted);font-size:.85rem}
.figures dd{margin:0;font-size:1.35rem;line-height:1.25;font-variant-numeric:tabular-nums}
.grid{display:grid;gap:1.75rem 2.5rem;margin-top:.9rem;align-items:start}
.charts{grid-template-columns:repeat(auto-fill,minmax(min(100%,19.5rem),1fr))}
.tables{grid-template-columns:repeat(auto-fit,minmax(min(100%,27rem),1fr))}
.grid>*{min-width:0}
figure{margin:0;max-width:26rem}
figure.wide{max-width:44rem}
@media (min-width:48rem){figure.wide{grid-column:span 2}}
.table.wide{grid-column:1/-1}
figcaption{font-weight:600;font-size:.95rem;margin-bottom:.35rem}
figure small,.table small{display:block;margin-top:.35rem;color:var(--muted);font-size:.83rem;line-height:1.4}
svg{display:block;width:100%;height:auto}
.scroll{overflow-x:auto}
.scroll:focus-visible{outline:2px solid var(--series1);outline-offset:2px}
table{border-collapse:collapse;font-size:.88rem;line-height:1.35;min-width:100%}
caption{text-align:left;font-weight:600;font-size:.95rem;padding-bottom:.35rem}
th,td{padding:.3rem .75rem .3rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
th{color:var(--muted);font-weight:500;vertical-align:bottom;white-space:nowrap}
th:last-child,td:last-child{padding-right:0}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.text{min-width:7rem}
td.long{min-width:18rem}
td.short{min-width:0;white-space:nowrap}
tbody tr:hover{background:color-mix(in srgb,var(--series1) 7%,transparent)}
footer{border-top:1px solid var(--rule);margin-top:2rem;padding-top:.5rem}
footer .figures{margin-top:.75rem;gap:.6rem 2rem}
footer dd{font-size:.95rem}
.tip{position:fixed;z-index:1;max-width:17rem;padding:.35rem .6rem;border-radius:4px;background:var(--ink);color:var(--page);
 font-size:.8rem;line-height:1.35;white-space:pre-line;pointer-events:none}
@media (max-width:34rem){
 body{font-size:14px}
 h1{font-size:1.6rem}
 .charts figure{max-width:none}
 .wide .role-mark text{display:none}
 .wide .role-legend-label text{font-size:17px}
}
@media print{
 @page{margin:14mm}
 html{font-size:11.5px}
 body{max-width:none;padding:0;font-size:9pt}
 th{white-space:normal}
 nav{display:none}
 .charts{grid-template-columns:repeat(6,1fr)}
 figure{grid-column:span 2}
 figure.wide{grid-column:span 4}
 .tables{grid-template-columns:1fr;gap:1.25rem}
 .scroll{overflow:visible}
 figure,tr,.figures,caption,.notice{break-inside:avoid}
 h2,h3,caption{break-after:avoid}
 .chapter{padding-top:1.2rem}
}
`;

/** Shows what a point is where the pointer or a finger is; without it browsers show the same after a while. */
export const pageScript = `
const tip = document.createElement('div');
tip.className = 'tip';
tip.hidden = true;
tip.ariaHidden = 'true';
document.body.append(tip);
for (const title of document.querySelectorAll('svg > title')) {
  title.parentNode.setAttribute('aria-label', title.textContent);
  title.remove();
}
const names = new WeakMap();
for (const title of document.querySelectorAll('svg path > title')) {
  names.set(title.parentNode, title.textContent);
  title.remove();
}
document.addEventListener('pointerover', ({ target, clientX, clientY }) => {
  const name = names.get(target);
  tip.hidden = name === undefined;
  if (tip.hidden) return;
  tip.textContent = name;
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(clientX + 12, document.documentElement.clientWidth - width - 4);
  tip.style.left = Math.max(4, left) + 'px';
  tip.style.top = (clientY - height - 10 > 0 ? clientY - height - 10 : clientY + 16) + 'px';
});
addEventListener('scroll', () => { tip.hidden = true; }, { passive: true });
`;
