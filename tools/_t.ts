import { arrowFaults, arrowsPicture, collectArrows } from './arrows.ts'
import { seamFaults } from './seams.ts'
import { readSources } from './source.ts'

const f = readSources()
for (const x of [...arrowFaults(f), ...seamFaults(f)]) console.log(`${x.path}:${x.line}: ${x.message}`)
console.log(arrowsPicture(collectArrows(f)))
