import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterThisFile } from '../support/cleanup.ts'

export interface Asked {
  headers: Record<string, string>
  body: string
  question: Record<string, unknown> & {
    id: string
    type: string
    user: { id: string; username: string } | null
  }
}

const json =
  (body: unknown, status = 200, type = 'application/json') =>
  (response: ServerResponse) =>
    void response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body))

/** What receivers answer, by its name. */
export const ANSWERS = {
  allow: json({ action: 'allow' }),
  deny: json({ action: 'deny', message: 'Not from there.' }),
  'deny without words': json({ action: 'deny' }),
  'require a factor': json({ action: 'allow', require: 'second_factor' }),
  silence: () => undefined,
  'a body that never ends': (response: ServerResponse) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
  'HTTP 500': json({ action: 'allow' }, 500),
  'broken JSON': (response: ServerResponse) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{"action":"allow"'),
  'too large': json({ action: 'allow', filler: 'x'.repeat(20_000) }),
  'another type': json({ action: 'allow' }, 200, 'text/html'),
  'a redirect': (response: ServerResponse) => void response.writeHead(302, { location: '/yes' }).end(),
  'an unknown member': json({ action: 'allow', allow: true }),
  'an unknown action': json({ action: 'maybe' }),
  'a message that breaks lines': json({ action: 'deny', message: 'a\nb' }),
  'a message that is too long': json({ action: 'deny', message: 'x'.repeat(201) }),
  'a hung-up call': (response: ServerResponse) => void response.destroy(),
} as const
export type AnswerName = keyof typeof ANSWERS

export const FAILURES = (Object.keys(ANSWERS) as AnswerName[]).filter(
  (name) => !['allow', 'deny', 'deny without words', 'require a factor'].includes(name),
)

/** A program that hooks ask. */
export async function startHookReceiver() {
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    )
    receiver.asked.push({ headers, body, question: JSON.parse(body || '{}') })
    receiver.answer(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterThisFile(() => {
    server.closeAllConnections()
    server.close()
  })
  const receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    asked: [] as Asked[],
    /** From now on. */
    answer: ANSWERS.allow as (response: ServerResponse) => void,
    answers(body: unknown) {
      receiver.answer = json(body)
    },
  }
  return receiver
}
