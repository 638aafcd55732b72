import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { recordUpdate } from '#api/apply-record.ts';
import { applyServerSide } from '#api/apply-server-side.ts';
import { copyObject } from '#api/json.ts';
import { StatusError } from '#api/status.ts';
const str={type:'string'}, num={type:'number'};
const defs={ item:{type:'object',properties:{name:str,value:str,map:{type:'map',values:str},args:{type:'array',items:str},sub:{type:'array',items:{type:'ref',ref:'item'},listType:'map',listMapKeys:['name']}}},
 port:{type:'object',properties:{port:num,protocol:str,value:str}},
 root:{type:'object',properties:{apiVersion:str,metadata:{type:'object',properties:{managedFields:{type:'any'}}},num,map:{type:'map',values:str},set:{type:'array',items:str,listType:'set'},list:{type:'array',items:{type:'ref',ref:'item'},listType:'map',listMapKeys:['name']},multi:{type:'array',items:{type:'ref',ref:'port'},listType:'map',listMapKeys:['port','protocol']},atomicList:{type:'array',items:str},atomicMap:{type:'map',values:str,mapType:'atomic'},struct:{type:'ref',ref:'item'},structs:{type:'map',values:{type:'ref',ref:'item'}},free:{type:'any'}}}};
const schemas={get:(n)=>defs[n],resolve:(s)=>s.type==='ref'?defs[s.ref]:s};
const schema=defs.root;
const EMPTY=process.argv[2]==='empty';
const min=EMPTY?0:1;
const N={noNullPrototype:true};
const k=fc.constantFrom('a','b','c'); const v=fc.constantFrom('1','2');
const map=fc.dictionary(k,v,{...N,minKeys:min,maxKeys:3});
const list=(a)=>fc.array(a,{minLength:min,maxLength:3});
const leafItem=fc.record({name:k,value:v,map,args:list(v)},{...N,requiredKeys:['name']});
const item=fc.record({name:k,value:v,map,args:list(v),sub:fc.uniqueArray(leafItem,{selector:i=>i.name,minLength:min,maxLength:2})},{...N,requiredKeys:['name']});
const items=fc.uniqueArray(item,{selector:i=>i.name,minLength:min,maxLength:3});
const port=fc.record({port:fc.constantFrom(1,2),protocol:fc.constantFrom('TCP','UDP'),value:v},{...N,requiredKeys:['port']});
const ports=fc.uniqueArray(port,{selector:i=>i.port+(i.protocol??'TCP'),minLength:min,maxLength:3});
const free=fc.letrec(t=>({x:fc.oneof({depthSize:'small'},v,fc.constantFrom(1,true),fc.dictionary(k,t('x'),{...N,minKeys:min,maxKeys:2}),fc.array(v,{minLength:min,maxLength:2}))})).x;
const config=fc.record({apiVersion:fc.constant('v1'),num:fc.constantFrom(1,2),map,set:fc.uniqueArray(k,{minLength:min}),list:items,multi:ports,atomicList:list(v),atomicMap:map,struct:item,structs:fc.dictionary(k,item,{...N,minKeys:min,maxKeys:2}),free:fc.dictionary(k,free,{...N,minKeys:min,maxKeys:2})},{...N,requiredKeys:['apiVersion']});
const step=fc.record({op:fc.constantFrom('apply','apply','update'),manager:fc.constantFrom('x','y','z'),force:fc.boolean(),object:config},N);
const runs=fc.sample(fc.array(step,{minLength:1,maxLength:6}),{numRuns:Number(process.argv[3]??3000),seed:Number(process.argv[4]??Date.now()%1e9)});
const r=spawnSync('/tmp/pb/smd/smd',{input:runs.map(s=>JSON.stringify(s)).join('\n')+'\n',maxBuffer:1<<30});
if(r.status!==0) {console.log(String(r.stderr).slice(0,2000));process.exit(1);}
const want=String(r.stdout).trim().split('\n').map(l=>JSON.parse(l));
function canon(x){ if(Array.isArray(x)) return x.map(canon); if(x&&typeof x==='object') return Object.fromEntries(Object.keys(x).sort().map(q=>[q,canon(x[q])])); return x;}
function pn(x,top){ if(Array.isArray(x)) return x.map(q=>pn(q)); if(x&&typeof x==='object') return Object.fromEntries(Object.entries(x).filter(([q,y])=>y!==null||(false)).map(([q,y])=>[q,pn(y)])); return x;}
function strip(o){ if(!o) return null; const {metadata,...rest}=o; return pn(rest,true);}
function mans(o){ return Object.fromEntries((o?.metadata?.managedFields??[]).map(e=>[e.manager+'|'+e.operation,e.fieldsV1])); }
let bad=0, conflicts=0, total=0, applied=0;
outer: for(const [i,steps] of runs.entries()){
  let live;
  for(const [j,s] of steps.entries()){
    total++;
    const w=want[i][j]; let got={};
    const base={manager:s.manager,subresource:'',time:'2026-01-01T00:00:00Z',schema,schemas};
    try{
      if(s.op==='update'){
        const after={...s.object, metadata: live?.metadata ?? {}};
        const mf=recordUpdate({...base,before:live,after});
        const {managedFields:_,...m}=after.metadata; live={...copyObject(s.object),metadata:mf===undefined?m:{...m,managedFields:mf}};
      } else { live=applyServerSide({...base,live,applied:s.object,force:s.force}); live={...pn({...live,metadata:undefined},true),metadata:live.metadata}; applied++; if(!live.metadata) live.metadata={}; }
    }catch(e){ if(!(e instanceof StatusError)) throw e; got.error=e.reason; got.conflicts=e.details.causes?.length; got.message=e.message; if(e.reason==='Conflict')conflicts++; }
    const okErr = w.conflicts? got.error==='Conflict'&&got.conflicts===Math.min(100,w.conflicts.length) : w.error? !!got.error : !got.error;
    const l1=JSON.stringify(canon(strip(live))), l2=JSON.stringify(canon(pn(w.live)));
    const m1=JSON.stringify(canon(mans(live))), m2=JSON.stringify(canon(w.managers));
    if(!okErr||l1!==l2||m1!==m2){ bad++; if(bad<=Number(process.argv[5]??2)) console.log('MISMATCH step',j,JSON.stringify(steps.slice(0,j+1),null,0),'\n got err',JSON.stringify(got),' want',w.error,w.conflicts,'\n live',l1,'\n want',l2,'\n man ',m1,'\n want',m2,'\n'); continue outer; }
  }
}
console.log({runs:runs.length,total,applied,conflicts,bad});
