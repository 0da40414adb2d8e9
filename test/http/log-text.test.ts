import { expect, test } from 'vitest'
import { logText } from '../../src/http/logging/text.ts'

const line = (fields: object) =>
  `${JSON.stringify({ level: 30, time: Date.UTC(2026, 0, 2), pid: 7, hostname: 'h', ...fields })}\n`

test('people at a terminal read a line of the log as text: time, level, what, and the facts', () => {
  expect(
    logText(
      line({
        req: { method: 'GET', path: '/login' },
        status: 200,
        duration_ms: 3,
        request_id: 'x',
        msg: 'request',
      }),
    ),
  ).toMatch(/^\d\d:\d\d:\d\d {2}info {3}request {2}GET \/login {2}status=200 {2}duration_ms=3\n$/)
  expect(
    logText(line({ event: 'client.created', client_id: 'abc', details: { a: 1 }, msg: 'client.created' })),
  ).toMatch(/ {2}client\.created {2}client_id=abc {2}details=\{"a":1\}\n$/)
})

test('an error comes with where it happened, below the line', () => {
  const stack = 'Error: no\n    at here'
  expect(logText(line({ level: 50, err: { type: 'Error', message: 'no', stack }, msg: 'failed' }))).toMatch(
    / {2}ERROR {2}failed\n {4}Error: no\n {8}at here\n$/,
  )
})

test('what others have sent does not steer the terminal', () => {
  const text = logText(line({ msg: 'x', name: 'a\u001b[2Jb\u202e' }))
  for (const control of ['\u001b', '\u202e']) expect(text).not.toContain(control)
  expect(text).toContain('name=a')
})

test('what is no line of the log stays what it is', () => {
  expect(logText('not json\n')).toBe('not json\n')
})
