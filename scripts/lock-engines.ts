/**
 * `npm ci` may run on an older Node than the program does, which brings its own (devDependency `node`): npm then warns of
 * every package that would not run on the older one. None of them does. This takes what they say of Node out of the lock file,
 * and nothing else; run it after an `npm install` that changes the lock (test/operations/npm-ci.test.ts asks for it).
 */
import { readFileSync, writeFileSync } from 'node:fs'

/** Whether a range of versions has any of Node 20: `>=18`, `^20.19 || >=22`, `*`. */
export const admits20 = (range: string): boolean =>
  range.split('||').some((part) => {
    const [, operator = '', major] = /^\s*([^\d\s]*)\s*(\d+)/.exec(part) ?? []
    if (major === undefined) return true
    return operator.startsWith('>') ? Number(major) <= 20 : Number(major) === 20
  })

function strip(path: URL): void {
  const lock = JSON.parse(readFileSync(path, 'utf8')) as {
    packages: Record<string, { engines?: { node?: string } }>
  }
  for (const [name, entry] of Object.entries(lock.packages)) {
    const node = entry.engines?.node
    if (name === '' || node === undefined || admits20(node)) continue
    console.log(`${name}: ${node}`)
    delete entry.engines
  }
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
}

if (import.meta.main) strip(new URL('../package-lock.json', import.meta.url))
