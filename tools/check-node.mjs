// Runs first in every npm script, on whatever Node answers: plain JavaScript, old syntax only.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(
    `Countersign needs Node 24 or newer; this is ${process.version}. Run "npm ci" first: it brings a Node of its own for most platforms. Where it brings none, install Node 24.`,
  )
  process.exit(1)
}
