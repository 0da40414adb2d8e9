/**
 * Compiles `latchkey/resource-server` into dist/, since Node strips no types inside node_modules. dist/ is a package of
 * its own: `npm pack ./dist` gives the guard with its three dependencies, without the server's.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const whole = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const range = (name: string): [string, string] => [name, `^${whole.dependencies[name]}`]

rmSync(dist, { recursive: true, force: true })
execFileSync('tsc', ['-p', join(root, 'tsconfig.package.json')], { cwd: root, stdio: 'inherit' })
const { name, version, license, type, engines } = whole
const manifest = {
  name,
  version,
  description: 'Protects a Fastify API with OAuth 2.0 access tokens (RFC 9068, RFC 6750, RFC 9449, RFC 9728)',
  license,
  type,
  engines,
  exports: {
    './resource-server': {
      types: './resource-server/index.d.ts',
      default: './resource-server/index.js',
    },
  },
  dependencies: Object.fromEntries(['fastify-plugin', 'jose', 'zod'].map(range)),
  peerDependencies: Object.fromEntries([range('fastify')]),
}
writeFileSync(join(dist, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
for (const file of ['LICENSE', 'docs/protect-an-api.md'])
  writeFileSync(
    join(dist, file === 'LICENSE' ? 'LICENSE' : 'README.md'),
    readFileSync(join(root, file), 'utf8'),
  )
