import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { argon2d, argon2i, hash as packageHash, verify as packageVerify } from 'argon2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { argon2, createArgon2 } from '../../src/accounts/passwords/threads/argon2.ts'
import { createHashingThreads } from '../../src/accounts/passwords/threads/pool.ts'

const password = 'glass-otter-72-harbour'
const cost = { memoryCost: 64, timeCost: 2, parallelism: 1 }

describe('hashes are those of the reference implementation', () => {
  test.each(['', 'a', password, 'é'.repeat(300), '\0with\0NUL'])('of %j', async (text) => {
    const ours = await argon2.hash(text, cost)
    expect(await packageVerify(ours, text)).toBe(true)
    expect(await packageVerify(ours, `${text}x`)).toBe(false)
    const theirs = await packageHash(text, cost)
    expect(await argon2.verify(theirs, text)).toBe(true)
    expect(await argon2.verify(theirs, `${text}x`)).toBe(false)
  })

  test.each<Parameters<typeof packageHash>[1] & { raw?: false }>([
    { type: argon2i, timeCost: 3 },
    { type: argon2d },
    { parallelism: 4, memoryCost: 96 },
    { hashLength: 64, salt: Buffer.alloc(8, 7) },
  ])('with %o', async (other) => {
    const theirs = await packageHash(password, { ...cost, ...other })
    expect(await argon2.verify(theirs, password)).toBe(true)
    expect(await argon2.verify(theirs, `${password}x`)).toBe(false)
  })

  test('the parameters stand in the order of the reference (m, t, p)', async () => {
    expect(await argon2.hash(password, cost)).toMatch(
      /^\$argon2id\$v=19\$m=64,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
    )
  })

  test.each(['', '$argon2id$v=16$m=64,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA', '$2b$10$abcdefghijklmnopqrstuv'])(
    'what is none is an error: %j',
    (text) => expect(argon2.verify(text, password)).rejects.toThrow('no argon2 hash'),
  )

  test('what cannot be computed is an error, and the thread goes on', async () => {
    await expect(argon2.hash(password, { ...cost, memoryCost: 1 })).rejects.toThrow(/memory/i)
    expect(await argon2.verify(await argon2.hash(password, cost), password)).toBe(true)
  })
})

/** The nice values of all threads of this process. */
const priorities = () =>
  readdirSync('/proc/self/task').map((id) => [
    readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim(),
    getPriority(Number(id)),
  ])

test.runIf(process.platform === 'linux')(
  'the threads step back behind the one that answers requests',
  async () => {
    const own = getPriority()
    const before = priorities().filter(([, nice]) => Number(nice) > own).length
    const fresh = createArgon2(createHashingThreads().derive)
    await Promise.all([fresh.hash(password, cost), fresh.hash(password, cost)])
    expect(priorities().filter(([, nice]) => Number(nice) > own)).toHaveLength(before + 2)
    expect(getPriority()).toBe(own)
  },
)

describe('a thread that dies', () => {
  let folder: string
  let file: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-threads-'))
    file = join(folder, 'dying.mjs')
    // Dies over one password, and is as good as the real one over all others.
    writeFileSync(
      file,
      `import { parentPort } from 'node:worker_threads'
      parentPort.on('message', ({ parameters: { message } }) => {
        if (message === 'throw') throw new Error('broken')
        if (message === 'exit') process.exit(3)
        parentPort.postMessage({ derived: new Uint8Array(32).fill(message.length) })
      })`,
    )
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  test.each(['throw', 'exit'])(
    'by %s refuses its job alone, with 503 and Retry-After, and is replaced',
    async (how) => {
      const broken = createArgon2(createHashingThreads(file).derive)
      const [dead, ...others] = await Promise.allSettled(
        [how, 'ab', 'abc'].map((text) => broken.hash(text, cost)),
      )
      expect(dead).toMatchObject({ reason: { code: 'overloaded', status: 503, retryAfter: 1 } })
      expect(String(dead?.status === 'rejected' && dead.reason.message)).not.toContain(
        how === 'exit' ? 'exit' : password,
      )
      expect(others.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
      const after = await Promise.all(['ab', 'abc', 'abcd'].map((text) => broken.hash(text, cost)))
      expect(after.map((text) => Buffer.from(text.split('$').at(-1) ?? '', 'base64')[0])).toEqual([2, 3, 4])
    },
  )

  test('that is not there at all is an error too, not a wait for ever', async () => {
    const missing = createArgon2(createHashingThreads(join(folder, 'missing.mjs')).derive)
    await expect(missing.hash('a', cost)).rejects.toMatchObject({ code: 'overloaded' })
  })
})
