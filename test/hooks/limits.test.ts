import { expect, test } from 'vitest'
import { createCall, questionOf } from '../../src/hooks/call.ts'
import { signedIn } from '../admin/console.ts'
import { person } from '../admin/rest/support.ts'
import { startLatchkey } from '../support/latchkey.ts'

test('of sixty-four questions at once the next one waits for its turn, within its second', async () => {
  const open: ((answer: Response) => void)[] = []
  const call = createCall({
    clock: Date.now,
    fetch: (_url, options) =>
      new Promise((resolve, reject) => {
        open.push(resolve)
        options?.signal?.addEventListener('abort', () => reject(options.signal?.reason))
      }),
  })
  const hook = { url: 'https://app.example/hook', at: 'sign_in' } as const
  const question = await questionOf('sign_in', {}, Date.now)
  const ask = () => call(hook, ['whsec_AAAA'], question)
  const first = Array.from({ length: 64 }, ask)
  const next = ask()
  const late = ask()
  await expect.poll(() => open.length).toBe(64)
  open[0]?.(Response.json({ action: 'allow' }))
  expect((await first[0])?.answer).toEqual({ action: 'allow' })
  await expect.poll(() => open.length).toBe(65)
  open[64]?.(Response.json({ action: 'deny' }))
  expect((await next).answer).toEqual({ action: 'deny' })
  // Nobody makes room for the last one but the end of their second.
  for (const each of [...first.slice(1), late])
    expect((await each).failure?.english).toBe('no answer within 1 second')
})

test('twenty hooks are the most: form and REST say so, and another one may follow one that is deleted', async () => {
  const latchkey = await startLatchkey()
  const { hooks } = latchkey.services
  const input = (name: string) => ({
    name,
    at: 'sign_in',
    url: 'https://app.example/hook',
    state: 'disabled',
  })
  const made = []
  for (let count = 1; count <= 20; count++) made.push(await hooks.create(input(`hook-${count}`)))
  const { rest } = await person(latchkey, 'admin')
  const refused = await rest.post('/hooks', input('more'), { 'accept-language': 'de' })
  expect([refused.status, refused.json.code, refused.json.detail]).toEqual([
    409,
    'too_many',
    'There are 20 already. Delete one first.',
  ])
  const { browser } = await signedIn(latchkey)
  const form = await browser.open(`${latchkey.issuer}/admin/hooks/new`)
  const page = await browser.submit(form, { Name: 'more', Address: 'https://app.example/hook', at: 'token' })
  expect([page.status, page.text]).toEqual([
    422,
    expect.stringContaining('There are 20 already. Delete one first.'),
  ])
  expect(await hooks.list()).toHaveLength(20)
  await hooks.remove(made[0]?.id ?? '')
  expect((await rest.post('/hooks', input('more'))).status).toBe(201)
  await latchkey.stop()
})
