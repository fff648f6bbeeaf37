import { writeFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ModelFileError } from '../../src/errors.js';
import { readModelFile, saveModelFile } from '../../src/model-file.js';
import { folder, makeModel } from './fixtures.js';
import { headerOf, withSection } from './forge.js';
const f = path.join(folder, 'z.palate');
await saveModelFile(makeModel({ users: ['a','b','c','d'], fields: true, tables: true, times: true, history: true }), f);
const file = readFileSync(f);
console.log(file.length, headerOf(file).sections.map(s=>s.name+':'+s.length).join(' '));
let ok=0, err=0; const msgs=new Map<string,number>(); let slow=0;
const t00=performance.now();
const vals=process.argv[2]==='x'?[0xff,0x7f,0x80,0x01]:[0xff];
const buffers0=process.memoryUsage().arrayBuffers;
for (const s of headerOf(file).sections) for (let i=0;i<s.length;i++) for (const v of vals) {
  const forged = withSection(file, s.name, b => { b[i] = (b[i] as number) ^ v; });
  writeFileSync(f, forged);
  const t0=performance.now();
  try { await readModelFile(f); ok++; } catch (e) {
    err++;
    if (!(e instanceof ModelFileError)) { console.log('NOT', s.name, i, v, e); }
    const m=(e as Error).message.replace(folder,'').replace(/section "[^"]*"/,'section S').replace(/-?[0-9.e+]+/g,'N'); 
    if(!msgs.has(m)) msgs.set(m,0); msgs.set(m,msgs.get(m)!+1);
  }
  const dt=performance.now()-t0; if (dt>200) {slow++; console.log('slow', s.name, i, v, dt|0);}
  const ab=process.memoryUsage().arrayBuffers; if (ab-buffers0>300e6) {console.log('mem',s.name,i,v,ab/1e6|0);}
}
console.log({ok,err,slow,sec:(performance.now()-t00)/1e3});
for (const [m,n] of [...msgs].sort((a,b)=>b[1]-a[1]).slice(0,60)) console.log(n,m.slice(0,220));
