import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterThisFile } from './cleanup.ts'

// Gateways for messages to phones, as two services document theirs. What is in the answers is taken from their documentation.

export interface SentMessage {
  to: string
  text: string
}

export interface FakeGateway {
  url: string
  /** Those that were accepted, the newest last. */
  messages: SentMessage[]
  /** Requests of any kind. */
  requests: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[]
  /** The code of the newest message to a number. */
  codeTo(number: string): string
  /** What the next requests are answered with in the place of the usual; undefined: the usual. */
  next: { status: number; body: string; headers?: Record<string, string> } | undefined
  stop(): Promise<void>
}

type Answer = { status: number; body: string; accepted?: SentMessage }

async function startGateway(
  answer: (request: { headers: IncomingMessage['headers']; body: string }) => Answer,
): Promise<FakeGateway> {
  const messages: SentMessage[] = []
  const requests: FakeGateway['requests'] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString('utf8')
    const { method = '', url = '', headers } = request
    requests.push({ method, url, headers, body })
    if (gateway.next !== undefined) {
      response.writeHead(gateway.next.status, gateway.next.headers).end(gateway.next.body)
      return
    }
    const { status, body: text, accepted } = answer({ headers, body })
    if (accepted) messages.push(accepted)
    response.writeHead(status, { 'content-type': 'application/json' }).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const gateway: FakeGateway = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    requests,
    next: undefined,
    codeTo(number) {
      const { text = '' } = messages.findLast(({ to }) => to === number) ?? {}
      return /^\d{6}/.exec(text)?.[0] ?? ''
    },
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  afterThisFile(() => gateway.stop())
  return gateway
}

export const TWILIO_SECRET = 'ACfake:to+ken/='

/** The Messages resource of Twilio: a form, HTTP Basic, 201; errors as JSON with a code (21211: an invalid `To`). */
export const startTwilioLike = (): Promise<FakeGateway> =>
  startGateway(({ headers, body }) => {
    if (headers.authorization !== `Basic ${Buffer.from(TWILIO_SECRET).toString('base64')}`)
      return { status: 401, body: JSON.stringify({ code: 20003, message: 'Authenticate', status: 401 }) }
    const form = new URLSearchParams(body)
    const [to, text] = [form.get('To') ?? '', form.get('Body') ?? '']
    if (headers['content-type'] !== 'application/x-www-form-urlencoded' || !form.get('From') || text === '')
      return {
        status: 400,
        body: JSON.stringify({ code: 21602, message: 'Message body is required.', status: 400 }),
      }
    if (!/^\+[1-9]\d{6,14}$/.test(to) || to.endsWith('0000000'))
      return {
        status: 400,
        body: JSON.stringify({
          code: 21211,
          message: `The 'To' number ${to} is not a valid phone number.`,
          more_info: 'https://www.twilio.com/docs/errors/21211',
          status: 400,
        }),
      }
    return {
      status: 201,
      body: JSON.stringify({ sid: 'SMfake', status: 'queued', error_code: null, to, body: text }),
      accepted: { to, text },
    }
  })

/** The settings for it. */
export const twilioSettings = (gateway: FakeGateway) => ({
  sms_url: `${gateway.url}/2010-04-01/Accounts/ACfake/Messages.json`,
  sms_headers: 'Authorization: Basic {secret_base64}',
  sms_body: 'To={to}&From=+15005550006&Body={text}',
})

export const VONAGE_SECRET = 'vonage-"secret"'

/** The SMS API of Vonage: JSON, always 200, and a `status` a message, which is "0" for one that was accepted. */
export const startVonageLike = (): Promise<FakeGateway> =>
  startGateway(({ body }) => {
    const sent = JSON.parse(body) as Record<string, string>
    const failed = (status: string, text: string): Answer => ({
      status: 200,
      body: JSON.stringify({ 'message-count': '1', messages: [{ status, 'error-text': text }] }, null, 2),
    })
    if (sent.api_secret !== VONAGE_SECRET) return failed('4', 'Bad Credentials')
    const { to = '', text = '' } = sent
    if (!/^[1-9]\d{6,14}$/.test(to)) return failed('3', 'to address is not numeric')
    return {
      status: 200,
      body: JSON.stringify(
        { 'message-count': '1', messages: [{ to, 'message-id': '0A0000000123ABCD1', status: '0' }] },
        null,
        2,
      ),
      accepted: { to: `+${to}`, text },
    }
  })

export const vonageSettings = (gateway: FakeGateway) => ({
  sms_url: `${gateway.url}/sms/json`,
  sms_body:
    '{"api_key": "abcd1234", "api_secret": "{secret}", "to": "{to_digits}", "from": "Example", "text": "{text}"}',
  sms_success: '"status":"0"',
})
