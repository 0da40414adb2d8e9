import type { FastifyReply, FastifyRequest } from 'fastify'
import { expect, test } from 'vitest'
import type { z } from 'zod'
import { createBrowserState } from '../../src/accounts/pages/browser-state.ts'

// A browser comes with cookies that the version before has sealed: what is in them keeps its names.

test('the interaction is sealed as `flow`, alone and with a sign-in that waits for an address', async () => {
  const jar = new Map<string, string>()
  const browser = createBrowserState({
    cookies: {
      read: (_request, name) => jar.get(name),
      set: (_reply, name, value) => void jar.set(name, value),
      clear: (_reply, name) => void jar.delete(name),
    },
    sealed: {
      maxLength: 4000,
      seal: (_purpose, content) => JSON.stringify(content),
      open: <T>(_purpose: string, value: string | undefined, schema: z.ZodType<T>) =>
        value === undefined ? undefined : schema.parse(JSON.parse(value)),
    },
    artifacts: { insert: async () => true, find: async () => undefined },
    clock: () => 0,
  })
  const request = { query: {} } as FastifyRequest
  const reply = {} as FastifyReply
  const interaction = 'i'.repeat(20)
  const waiting = { id: 'one', at: 0, accountId: 'ada', email: 'ada@example.org', generation: 1 }

  browser.rememberInteraction(reply, interaction)
  browser.setPending(reply, { ...waiting, interaction })
  expect([...jar].map(([name, value]) => [name, JSON.parse(value)])).toEqual([
    ['flow', { flow: interaction }],
    ['pending', { ...waiting, flow: interaction }],
  ])
  expect(browser.interaction(request)).toBe(interaction)
  expect(await browser.pending(request)).toEqual({ ...waiting, interaction })
  const other = 'o'.repeat(20)
  expect(browser.interaction({ query: { flow: other } } as unknown as FastifyRequest)).toBe(other)
})
