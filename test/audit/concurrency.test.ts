import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { engines } from '../support/latchkey.ts'
import { entry, openLog } from './support.ts'

const WRITER = fileURLToPath(new URL('writer-process.ts', import.meta.url))
const NAMES = ['one', 'two', 'three']
/** Entries of each process, ten at a time; the rounds begin together. */
const EACH = 200

function startWriter(args: readonly string[]) {
  const child = spawn(process.execPath, [WRITER, ...args], { stdio: 'pipe' })
  const complaints: string[] = []
  child.stderr.on('data', (chunk) => complaints.push(String(chunk)))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    if ((await lines.next()).done) throw new Error(complaints.join(''))
  }
  return { child, complaints, next }
}

test.each(engines)('three processes that write at once on %s make one chain', async (engine) => {
  const { audit, databaseUrl, dataDir } = await openLog(engine)
  const writers = NAMES.map((name) => startWriter([databaseUrl, dataDir, name]))
  await Promise.all(writers.map(({ next }) => next()))
  for (let round = 0; round < EACH / 10; round++)
    await Promise.all(
      writers.map(({ child, next }) => {
        child.stdin.write('go\n')
        return next()
      }),
    )
  for (const { child, complaints } of writers) {
    child.stdin.end()
    expect(await once(child, 'close')).toEqual([0, null])
    expect(complaints).toEqual([])
  }
  expect(await audit.verify()).toMatchObject({ ok: true, entries: 3 * EACH })

  const seen = new Map<string, number[]>()
  let turns = 0
  let before = ''
  for (let cursor: string | undefined; ; ) {
    const page = await audit.list({}, { limit: 100, cursor })
    for (const { actor, details } of page.items) {
      if (actor.name !== before) turns++
      before = actor.name ?? ''
      seen.set(before, [Number(details.number), ...(seen.get(before) ?? [])])
    }
    cursor = page.next_cursor
    if (cursor === undefined) break
  }
  const all = Array.from({ length: EACH }, (_, number) => number)
  for (const name of NAMES) expect(seen.get(name)?.sort((a, b) => a - b)).toEqual(all)
  // They did take turns: the test is worth something.
  expect(turns).toBeGreaterThan(EACH / 10)
})

test('two services on one PostgreSQL write hundreds of entries at once, each in few statements', async () => {
  const mine = await openLog('postgresql')
  const theirs = await mine.another()
  const logs = [mine, theirs]
  const written = logs.map(({ db }) => [vi.spyOn(db.writes, 'run'), vi.spyOn(db.prisma, '$transaction')])
  await Promise.all(
    logs.flatMap(({ audit }, which) =>
      Array.from({ length: 300 }, (_, number) => audit.record(entry(`${which}-${number}`))),
    ),
  )
  expect(await mine.audit.verify()).toMatchObject({ ok: true, entries: 600 })
  // Two batches each, and what was tried while the other one was faster.
  for (const spies of written) {
    const times = spies.reduce((sum, { mock }) => sum + mock.calls.length, 0)
    expect(times).toBeGreaterThan(1)
    expect(times).toBeLessThanOrEqual(8)
  }
})

test('what was recorded first stands first, also when its name had to be looked up', async () => {
  const { audit } = await openLog('sqlite')
  const { promise, resolve } = Promise.withResolvers<ReturnType<typeof entry>>()
  const both = [audit.record(promise), audit.record(entry('second'))]
  resolve(entry('first'))
  await Promise.all(both)
  const { items } = await audit.list()
  expect(items.map(({ target }) => target?.name)).toEqual(['Client second', 'Client first'])
})

test('an entry that cannot be written fails alone in the eyes of the next', async () => {
  const { audit, tamper } = await openLog('sqlite')
  await audit.record(entry(1))
  await tamper('ALTER TABLE audit_entries RENAME TO away')
  await expect(audit.record(entry(2))).rejects.toThrow()
  await tamper('ALTER TABLE away RENAME TO audit_entries')
  await audit.record(entry(3))
  expect(await audit.verify()).toMatchObject({ ok: true, entries: 2 })
})
