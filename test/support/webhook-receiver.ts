import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterThisFile } from './cleanup.ts'

export interface Received {
  headers: Record<string, string>
  body: string
  event: { id: string; type: string; time: string; data: Record<string, unknown> & { action?: string } }
}

export interface Receiver {
  url: string
  received: Received[]
  /** What is answered, from now on; 204 at first. */
  answer: { status: number; headers?: Record<string, string>; body?: string }
  types(): string[]
}

/** A program that webhooks send to. */
export async function startReceiver(): Promise<Receiver> {
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    )
    receiver.received.push({ headers, body, event: JSON.parse(body || '{}') })
    response.writeHead(receiver.answer.status, receiver.answer.headers).end(receiver.answer.body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterThisFile(() => {
    server.closeAllConnections()
    server.close()
  })
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`,
    received: [],
    answer: { status: 204 },
    types: () => receiver.received.map(({ event }) => event.type),
  }
  return receiver
}
