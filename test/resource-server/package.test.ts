import { execFile, spawn } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import { bearer } from './api.ts'
import { AUDIENCE, createTestIssuer, type TestIssuer } from './issuer.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const folder = temporaryFolder()
const copy = join(folder, 'checkout')
let issuer: TestIssuer

/** An API whose author has never seen this repository. */
const API = `
import fastify from 'fastify'
import { resourceServer } from 'latchkey/resource-server'
const app = fastify()
await app.register(resourceServer, { issuer: process.env.ISSUER, audience: process.env.AUDIENCE })
app.get('/', { config: { scope: 'books:read' } }, (request) => request.token.sub)
console.log(await app.listen({ port: 0, host: '127.0.0.1' }))
`
const TYPED = `
import fastify from 'fastify'
import { type AccessToken, type ResourceServerOptions, resourceServer } from 'latchkey/resource-server'
const options: ResourceServerOptions = { issuer: 'https://id.example', audience: 'https://api.example' }
const app = fastify()
await app.register(resourceServer, options)
app.get('/', { config: { scope: 'a' } }, (request) => {
  const token: AccessToken = request.token
  return token.sub.toUpperCase()
})
app.delete('/', { config: { acr: ['mfa', 'phr'], maxAuthAge: 300 } }, ({ token }) => {
  const methods: readonly string[] = token.amr
  return [token.acr?.toUpperCase(), (token.authTime ?? 0) + 1, methods.length]
})
// @ts-expect-error an age is a number of seconds
app.get('/old', { config: { maxAuthAge: '5m' } }, () => '')
// @ts-expect-error a token may say nothing of the sign-in
app.get('/class', (request): string => request.token.acr)
// @ts-expect-error a scope is text
app.get('/wrong', { config: { scope: 1 } }, () => '')
// @ts-expect-error the issuer is missing
app.register(resourceServer, { audience: 'x' })
// @ts-expect-error a subject is text
app.get('/typed', (request): number => request.token.sub)
`

beforeAll(async () => {
  issuer = await createTestIssuer()
  // Packing writes into the checkout; in a copy it cannot get in the way of anything.
  for (const path of ['package.json', 'LICENSE', 'README.md', 'tsconfig.json', 'tsconfig.package.json'])
    cpSync(join(root, path), join(copy, path))
  for (const path of ['bin', 'scripts', 'prisma', 'src', 'docs/protect-an-api.md'])
    cpSync(join(root, path), join(copy, path), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
})
afterAll(() => issuer.down())

const bin = join(root, 'node_modules/.bin')
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, npm_config_loglevel: 'error' }

/** Unpacks a tarball into the node_modules of a new folder, beside what it depends on. */
async function install(name: string, tarball: string): Promise<string> {
  const consumer = join(folder, name)
  const modules = join(consumer, 'node_modules')
  mkdirSync(join(modules, 'latchkey'), { recursive: true })
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(modules, 'latchkey')])
  for (const dependency of ['fastify', 'fastify-plugin', 'jose', 'zod'])
    symlinkSync(join(root, 'node_modules', dependency), join(modules, dependency))
  writeFileSync(join(consumer, 'api.mjs'), API)
  return consumer
}

async function answers(consumer: string) {
  const api = spawn(process.execPath, ['api.mjs'], {
    cwd: consumer,
    env: { ...env, ISSUER: issuer.issuer, AUDIENCE },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    for await (const url of createInterface({ input: api.stdout })) {
      const good = await fetch(url, { headers: bearer(await issuer.token()) })
      return { good: await good.text(), without: (await fetch(url)).status }
    }
    throw new Error('the API said nothing')
  } finally {
    api.kill()
  }
}

describe.each([
  ['.', 'the whole package'],
  ['./dist', 'the guard alone'],
])('npm pack %s: %s', (what) => {
  let consumer: string
  beforeAll(async () => {
    const name = what === '.' ? 'whole' : 'alone'
    mkdirSync(join(folder, `${name}-tarball`))
    const { stdout } = await run(
      'npm',
      ['pack', what, '--json', '--pack-destination', join(folder, `${name}-tarball`)],
      { cwd: copy, env },
    )
    const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf('[')))
    const paths: string[] = files.map((file: { path: string }) => file.path)
    expect(paths.filter((path) => /(?<!\.d)\.ts$/.test(path))).toEqual([])
    consumer = await install(name, join(folder, `${name}-tarball`, filename))
  })

  test('plain JavaScript that runs where no types are stripped', async () => {
    expect(await answers(consumer)).toEqual({ good: 'ada', without: 401 })
  })

  test('its types are those of the source', async () => {
    writeFileSync(join(consumer, 'typed.mts'), TYPED)
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck']
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')]
    const { stdout } = await run('tsc', [...options, ...types, 'typed.mts'], { cwd: consumer, env }).catch(
      (error) => error,
    )
    expect(stdout).toBe('')
  })
})

test('the guard alone depends on three small packages and asks for Fastify', () => {
  const { dependencies, peerDependencies, scripts } = JSON.parse(
    readFileSync(join(copy, 'dist/package.json'), 'utf8'),
  )
  expect(Object.keys(dependencies)).toEqual(['fastify-plugin', 'jose', 'zod'])
  expect(Object.keys(peerDependencies)).toEqual(['fastify'])
  expect(scripts).toBeUndefined()
})
