import type { Latchkey } from '../support/latchkey.ts'

/** An answer of the registration endpoint. */
export interface Answered {
  status: number
  headers: Headers
  json: Record<string, unknown> & { error?: string; error_description?: string }
}

export const callback = 'https://app.example/callback'

/** Calls of the registration endpoint, as a program makes them. */
export function registrar(latchkey: Latchkey) {
  async function call(method: string, url: string, token?: string, body?: unknown): Promise<Answered> {
    const response = await fetch(url, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, json: text === '' ? {} : JSON.parse(text) }
  }
  const endpoint = `${latchkey.issuer}/clients/register`
  return {
    endpoint,
    call,
    register: (metadata: unknown, token?: string) => call('POST', endpoint, token, metadata),
    /** An initial access token. */
    async token(input: Record<string, unknown> = {}): Promise<string> {
      const { token } = await latchkey.services.registration.tokens.create({
        name: 'Test',
        uses: null,
        ...input,
      })
      return token
    },
  }
}

export type Registrar = ReturnType<typeof registrar>
