import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { afterThisFile } from '../support/cleanup.ts'
import { runProgram } from './server-process.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replaceAll(/\\\n\s*/g, '')
const [, image = ''] = dockerfile.split(/^FROM .*$/m).slice(1)

const folder = (where: string, name: string): string => {
  const path = mkdtempSync(join(where, name))
  afterThisFile(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** What of the repository, or of its copy in the stage before, is in the image, and where. */
const copied = [...image.matchAll(/^COPY (?:--from=build )?(.+) (\S+)$/gm)].flatMap(
  ([, from = '', to = '']) =>
    from.split(' ').map((path) => {
      const source = path.replace(/^\/app\//, '')
      return { source, target: to.endsWith('/') ? join(to, basename(source)) : to }
    }),
)

/** Packages that `npm prune` leaves, as the build stage calls it, as links. */
function installPackages(into: string): void {
  const [, omits = ''] = /npm prune (.*?) &&/.exec(dockerfile) ?? []
  const omitted = [...omits.matchAll(/--omit=(\w+)/g)].map(([, kind]) => kind)
  expect(omitted).toEqual(['dev', 'optional'])
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>
  }
  for (const [path, { dev, devOptional, optional }] of Object.entries(packages)) {
    if (dev || devOptional || optional || !/^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(path)) continue
    const target = join(into, path)
    mkdirSync(dirname(target), { recursive: true })
    if (path !== 'node_modules/@prisma/client') symlinkSync(join(ROOT, path), target)
    else cpSync(join(ROOT, path), target, { recursive: true, filter: (file) => !isDeleted(file) })
  }
}

const [, deleted = ''] =
  /find node_modules\/@prisma\/client\/runtime -name '\*(.+)\*' -delete/.exec(dockerfile) ?? []
const isDeleted = (file: string) => deleted !== '' && basename(file).includes(deleted)

let root = ''
let env: Record<string, string> = {}
beforeAll(() => {
  root = folder(tmpdir(), 'latchkey-image-')
  const build = folder(ROOT, 'build-of-test-')
  execFileSync(process.execPath, [join(ROOT, 'scripts/build-program.mjs'), basename(build)], {
    stdio: 'pipe',
  })
  installPackages(root)
  for (const { source, target } of copied) {
    if (source === 'node_modules') continue
    mkdirSync(dirname(join(root, target)), { recursive: true })
    cpSync(source === 'build' ? build : join(ROOT, source), join(root, target), { recursive: true })
  }
  env = {
    DATA_DIR: folder(tmpdir(), 'latchkey-image-data-'),
    HOST: '127.0.0.1',
    PORT: '0',
    NODE_ENV: 'production',
  }
})

const [, entry = ''] = /^ENTRYPOINT (\[.*\])$/m.exec(image) ?? []
const [, ...flags] = JSON.parse(entry) as string[]
const program = flags.pop() ?? ''
/** What a package imports is looked for beside its link: in the repository there are those that the image leaves out. */
const links = ['--preserve-symlinks', '--preserve-symlinks-main']
const run = (...args: string[]) =>
  runProgram(join(root, program), env, { args, flags: [...flags, ...links], cwd: root })

test('what the image holds serves, compiled, without a package that it leaves out', async () => {
  const server = run('serve')
  const { issuer, program: form } = await server.logged(({ msg }) => msg === 'listening')
  expect(form).toBe('compiled')
  for (const path of ['/', '/register', '/jwks', '/api/docs']) {
    const answer = await fetch(`${issuer}${path}`)
    expect([path, answer.status]).toEqual([path, 200])
    const [asset] = /\/assets\/[^"]+/.exec(await answer.text()) ?? []
    if (asset !== undefined) expect((await fetch(`${issuer}${asset}`)).status).toBe(200)
  }
  server.child.kill('SIGTERM')
  expect(await server.ended).toEqual({ code: 0, signal: null })
})

test('its command line answers, on the same database', async () => {
  const created = run(
    'clients',
    'create',
    '--name',
    'Of the image',
    '--redirect-uri',
    'https://app.example/cb',
  )
  expect(await created.ended).toEqual({ code: 0, signal: null })
  const list = run('clients', 'list')
  expect(await list.ended).toEqual({ code: 0, signal: null })
  expect(list.stdout.join('\n')).toContain('Of the image')
})

test('each folder that the sources read from is in the image', () => {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  const outside = files
    .filter((file) => file.endsWith('.ts') && !file.startsWith('storage/generated'))
    .flatMap((file) => {
      const from = dirname(join(ROOT, 'src', file))
      const text = readFileSync(join(ROOT, 'src', file), 'utf8')
      return [...text.matchAll(/(?<!from )['"`]((?:\.\.\/)+(?!src\/)[\w-]+)(?:\/[^'"`]*)?['"`]/g)]
        .map(([, path = '']) => relative(ROOT, join(from, path)))
        .filter((path) => !path.startsWith('src'))
    })
  const sources = new Set(copied.map(({ source }) => source))
  expect(new Set(outside)).toContain('snippets')
  expect([...new Set(outside)].filter((path) => !sources.has(path))).toEqual([])
})
