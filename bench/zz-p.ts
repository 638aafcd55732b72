import { openSqliteStore } from '#store/sqlite.ts';
import { mkdirSync, rmSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
rmSync('/tmp/sb/l',{recursive:true,force:true}); mkdirSync('/tmp/sb/l');
const store = openSqliteStore('/tmp/sb/l/x.db',{defer:setImmediate});
const value=Buffer.alloc(3072,'x'); let i=0, run=true; const lat:number[]=[];
const loop=async()=>{while(run){i++;const s=performance.now();await store.commit([{type:'put',key:'/registry/pods/default/pod-'+String(i%10000).padStart(6,'0'),value,revisionOffset:1000}]);lat.push(performance.now()-s);}};
const W=Number(process.argv[2]??64);
const loops=Array.from({length:W},loop);
const q=(p:number)=>lat.sort((a,b)=>a-b)[Math.floor(lat.length*p)]?.toFixed(2);
async function phase(name:string,ms:number,during?:()=>Promise<unknown>){lat.length=0;const h=monitorEventLoopDelay({resolution:1});h.enable();const c=process.cpuUsage();const i0=i,s=performance.now();await Promise.race([new Promise(r=>setTimeout(r,ms)),during?.().then(()=>new Promise(r=>setTimeout(r,0)))??new Promise(()=>{})]);h.disable();const d=process.cpuUsage(c);const n=i-i0,t=(performance.now()-s)/1000;console.log(name,'rate',Math.round(n/t),'perCpu',Math.round(n/((d.user+d.system)/1e6)),'p50',q(.5),'p99',q(.99),'p999',q(.999),'max',q(.99999),'s',t.toFixed(2))}
await phase('warm',1000);
await phase('plain',4000);



run=false;await Promise.all(loops);
await store[Symbol.asyncDispose]();
