import { expect, test } from 'vitest'
import { redacted } from '../../src/http/logging/redaction.ts'

test('secrets are blanked out at any depth, in lists, and however the field is spelled', () => {
  const logged = { a: [{ b: { Password: 'hush', 'Set-Cookie': 'hush', ok: 1 } }], CLIENT_SECRET: 'hush' }
  expect(redacted(logged)).toEqual({
    a: [{ b: { Password: '[redacted]', 'Set-Cookie': '[redacted]', ok: 1 } }],
    CLIENT_SECRET: '[redacted]',
  })
  expect(logged.CLIENT_SECRET).toBe('hush')
})

test('a structure that refers to itself ends', () => {
  const loop: Record<string, unknown> = {}
  loop.self = loop
  expect(JSON.stringify(redacted(loop))).toContain('[too deep]')
})

test('instances keep to their own serializers', () => {
  const error = new Error('x')
  expect(redacted({ err: error })).toEqual({ err: error })
})
