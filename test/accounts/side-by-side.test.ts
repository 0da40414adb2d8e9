import { expect, test } from 'vitest'
import type { Hasher } from '../../src/accounts/passwords/hashing.ts'
import { forEachDatabase } from './support.ts'

/** A hasher whose checks begin at once and end when they are told to: what runs side by side can be counted. */
function turnstile() {
  let running: { typed: string; end(): void }[] = []
  let watchers: (() => void)[] = []
  let holding = false
  const check = async (typed: string): Promise<false> => {
    if (!holding) return false
    await new Promise<void>((end) => {
      running.push({ typed, end })
      for (const told of watchers.splice(0)) told()
    })
    return false
  }
  const hasher: Hasher = {
    hash: async (typed) => `hash of ${typed}`,
    verify: (_hash, typed) => check(typed),
    verifyNothing: check,
    needsRehash: () => false,
    assertCapacity: () => undefined,
    load: { running: 0, waiting: 0 },
  }
  return {
    hasher,
    /** Resolves with the checks that run once this many of them are of these passwords. */
    async until(count: number, of: (typed: string) => boolean): Promise<void> {
      while (running.filter(({ typed }) => of(typed)).length < count)
        await new Promise<void>((resolve) => watchers.push(resolve))
    },
    running: (of: (typed: string) => boolean) => running.filter(({ typed }) => of(typed)).length,
    hold() {
      holding = true
    },
    /** Ends what runs, and what comes, at once. */
    release() {
      holding = false
      const ending = running
      running = []
      watchers = []
      for (const { end } of ending) end()
    },
  }
}

const gate = turnstile()

forEachDatabase(
  'tries at once',
  (fixture) => {
    const attempt = (identifier: string, typed: string) =>
      fixture().accounts.authenticate({ identifier, password: typed })
    const isSubject = (typed: string) => typed.startsWith('try')

    /**
     * How many of three tries at once are checked side by side, while none of them ends.
     * @param least waited for; if fewer are, that never ends
     */
    async function width(identifiers: readonly string[], least = 2): Promise<number> {
      gate.hold()
      const tries = [1, 2, 3].map((n) =>
        attempt(identifiers[n % identifiers.length] ?? '', `try ${n} of ${identifiers[0]}`),
      )
      // Others come in behind them and are checked: by then the third try would be under way, if it could be.
      await gate.until(least, isSubject)
      const others: Promise<unknown>[] = []
      for (let n = 0; n < 5; n++) {
        others.push(attempt(`passer-by-${n}`, `other ${n}`))
        await gate.until(n + 1, (typed) => typed.startsWith('other'))
      }
      const counted = gate.running(isSubject)
      gate.release()
      const outcomes = await Promise.all(tries)
      expect(outcomes.map(({ kind }) => kind)).toEqual(['refused', 'refused', 'refused'])
      await Promise.all(others)
      return counted
    }

    test('three wrong passwords at once are checked two by two, be there such an account or not', async () => {
      const { accounts, db } = fixture()
      for (const username of ['known', 'out', 'off', 'last-try']) await fixture().verified(username)
      await accounts.createByAdmin({ username: 'keyless', email: 'keyless@example.org', verified: true })
      await accounts.disable((await accounts.find('off'))?.id ?? '')
      const fails = (username: string, failedSignIns: number) =>
        db.prisma.account.update({ where: { username }, data: { failedSignIns } })
      await fails('out', 99)
      await attempt('out', 'the hundredth')
      await fails('last-try', 4)
      const widths: Record<string, number> = {}
      for (const name of ['known', 'nobody', 'nobody@example.org', 'not@an@address', 'out', 'off', 'keyless'])
        widths[name] = await width([name])
      // One try is left: who finds none must not wait for the one that has it.
      widths['last-try'] = await width(['last-try'])
      expect(widths).toEqual(Object.fromEntries(Object.keys(widths).map((name) => [name, 2])))
    })

    test('a queue goes by the name that was typed: two names of one account tell nothing about each other', async () => {
      await fixture().verified('double')
      expect(await width(['double', 'double@example.org'], 3)).toBe(3)
      expect(await width(['single', 'single@example.org'], 3)).toBe(3)
      expect(await width(['Double', 'ｄｏｕｂｌｅ'])).toBe(2)
      expect(await width(['Single', 'ｓｉｎｇｌｅ'])).toBe(2)
    })
  },
  { hasher: gate.hasher },
)
