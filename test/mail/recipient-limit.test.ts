import { beforeEach, expect, test } from 'vitest'
import type { Mail, Mailer } from '../../src/mail/mailer.ts'
import { limitRecipients } from '../../src/mail/recipient-limit.ts'

const HOUR = 3_600_000
let now = 0
let sent: Mail[] = []
let log: object[] = []
let mailer: Mailer

/** Takes mails in order, at once. */
const taker: Mailer = {
  send: (mail) => void sent.push(mail),
  defer: (prepare) => void prepare().then((mail) => mail && sent.push(mail)),
  idle: async () => undefined,
  check: async () => undefined,
  close: async () => undefined,
}
const reset = (to: string): Mail => ({
  to,
  template: 'reset-password',
  data: { username: 'ann', link: 'http://localhost/reset', validFor: 'one hour' },
})
const changed = (to: string): Mail => ({
  to,
  template: 'password-changed',
  data: { username: 'ann', resetLink: 'http://localhost/forgot' },
})
const known = (to: string): Mail => ({
  to,
  template: 'already-registered',
  data: { signInLink: 'http://localhost/login', resetLink: 'http://localhost/forgot' },
})

beforeEach(() => {
  now = 1_000_000
  sent = []
  log = []
  mailer = limitRecipients(taker, {
    most: 3,
    window: HOUR,
    clock: () => now,
    logger: { info: (facts) => void log.push(facts), error: () => undefined },
  })
})

test('an address gets so many and no more, sent at once or later; another address is not held up', async () => {
  for (let each = 0; each < 3; each++) mailer.send(reset('ann@example.com'))
  mailer.defer(async () => reset('ann@example.com'))
  await new Promise((resolve) => setImmediate(resolve))
  expect(sent).toHaveLength(3)
  mailer.send(reset('ben@example.com'))
  expect(sent).toHaveLength(4)
  expect(log).toEqual([{ template: 'reset-password', recipient: expect.stringMatching(/^[0-9a-f]{16}$/) }])
})

test('after the window it gets them again, one by one', () => {
  for (let each = 0; each < 3; each++) {
    mailer.send(reset('ann@example.com'))
    now += HOUR / 4
  }
  mailer.send(reset('ann@example.com'))
  expect(sent).toHaveLength(3)
  now += HOUR / 4
  mailer.send(reset('ann@example.com'))
  mailer.send(reset('ann@example.com'))
  expect(sent).toHaveLength(4)
})

test('each template counts by itself, and news of what has happened is never held back', () => {
  for (let each = 0; each < 9; each++) {
    mailer.send(reset('ann@example.com'))
    mailer.send(known('ann@example.com'))
    mailer.send(changed('ann@example.com'))
  }
  const count = (template: string) => sent.filter((mail) => mail.template === template).length
  expect([count('reset-password'), count('already-registered'), count('password-changed')]).toEqual([3, 3, 9])
})
