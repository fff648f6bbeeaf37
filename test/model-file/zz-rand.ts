import { writeFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ModelFileError } from '../../src/errors.js';
import { readModelFile, saveModelFile } from '../../src/model-file.js';
import { folder, makeModel } from './fixtures.js';
import { headerOf, withSection } from './forge.js';
import * as A from 'apache-arrow';
import { Table, vectorFromArray, makeVector } from 'apache-arrow';
import { readTable } from './fixtures.js';
const f = path.join(folder, 'z.palate');
const model=makeModel({ users: ['a','b','c','d'], fields: true, tables: true, times: true, history: true });
const n=4;
const struct=new A.Struct<any>([new A.Field('a',new A.Int32(),true),new A.Field('b',new A.List(new A.Field('item',new A.Float64(),true)),true)]);
const odd: any = { itemId: model.items.toVector(),
 s: vectorFromArray([{a:1,b:[1,2]},null,{a:null,b:[]},{a:4,b:null}], struct),
 fsl: vectorFromArray([[1,2],[3,4],null,[5,6]], new A.FixedSizeList(2,new A.Field('item',new A.Int32(),true))),
 ts: vectorFromArray([1,2,null,4], new A.Timestamp(A.TimeUnit.MILLISECOND,'Europe/Paris')),
 d: vectorFromArray([new Date(0),null,new Date(1e12),new Date(5)], new A.DateMillisecond()),
 i64: vectorFromArray([1n,null,3n,4n], new A.Int64()),
 nul: vectorFromArray([null,null,null,null], new A.Null()),
 lu: vectorFromArray(['a',null,'ccc',''], new A.LargeUtf8()),
 ll: vectorFromArray([[['a'],[]],null,[],[['b','c']]], new A.List(new A.Field('item',new A.List(new A.Field('item',new A.Utf8(),true)),true))),
 dl: vectorFromArray([['x','y'],null,[],['x']], new A.List(new A.Field('item',new A.Dictionary(new A.Utf8(),new A.Int32()),true))),
 bin: vectorFromArray([new Uint8Array([1,2]),null,new Uint8Array(0),new Uint8Array([3])], new A.Binary()),
 map: vectorFromArray([new Map([['k',1]]),null,new Map(),new Map([['l',2],['m',3]])], new A.Map_(new A.Field('entries',new A.Struct<any>([new A.Field('key',new A.Utf8(),false),new A.Field('value',new A.Int32(),true)]),false))),
 dict: vectorFromArray(['u','v',null,'u']),
};
const m2={...model,itemTable:new Table(odd)};
await saveModelFile(m2 as any, f);
const { assertSameModel } = await import('./fixtures.js');
assertSameModel(await readModelFile(f), m2 as any);
console.log('odd types round trip');

const file = readFileSync(f);
console.log(file.length, headerOf(file).sections.map(s=>s.name+':'+s.length).join(' '));

let seed=Number(process.argv[2]??1); const rnd=()=>{seed=(seed*1103515245+12345)%2147483648; return seed/2147483648;};
let ok=0,err=0; const buffers0=process.memoryUsage().arrayBuffers; const msgs=new Map();
const t00=performance.now();
while(performance.now()-t00<Number(process.argv[3]??60)*1000){
  const edits:string[]=[];
  const forged=withSection(file,'item.table',b=>{ const k=1+Math.floor(rnd()*4); for(let j=0;j<k;j++){ const i=Math.floor(rnd()*b.length); const v=[0,255,1,127,128,Math.floor(rnd()*256)][Math.floor(rnd()*6)]!; edits.push(i+':'+v); b[i]=v; } });
  writeFileSync(f,forged); const t0=performance.now();
  try { const r=await readModelFile(f); ok++; try{ readTable(r.itemTable);}catch(e){const m='READ '+(e as Error).message.slice(0,80); msgs.set(m,(msgs.get(m)??0)+1);} } catch(e){ err++; if(!(e instanceof ModelFileError)) console.log('NOT',edits,e);}
  const dt=performance.now()-t0; if(dt>300) console.log('slow',edits,dt|0);
  if(process.memoryUsage().arrayBuffers-buffers0>300e6) console.log('mem',edits);
}
console.log({ok,err},[...msgs]);
