import { execFile } from 'node:child_process'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { renderStack } from '../../src/admin/console/snippets/all.ts'
import { snippetValues } from '../../src/admin/console/snippets/snippet.ts'
import { allStacks } from '../../src/admin/console/snippets/stack.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { temporaryFolder } from '../support/folder.ts'
import { PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { clientTest } from './clients.ts'

const exec = promisify(execFile)
const APISERVER = 'v0.37.2'
const ISSUER = 'https://id.example'
const folder = temporaryFolder()

/** kube-apiserver itself is not built: its authenticator is, with the file that is printed. */
clientTest('kubernetes', async () => {
  const latchkey = await startLatchkey({ env: { ISSUER, TRUST_PROXY: 'loopback' } })
  try {
    const address = `localhost:${latchkey.env.PORT}`
    const client = await latchkey.createClient({
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      redirect_uris: ['http://localhost:8000/'],
    })
    const stack = allStacks().find(({ id }) => id === 'kubernetes')
    if (!stack) throw new Error('there is no snippets/kubernetes')
    const values = snippetValues(ISSUER, await latchkey.services.clients.get(client.client_id), [])
    const file = renderStack(stack, values).parts.find(({ id }) => id === 'authentication-yaml')?.text ?? ''
    await writeFile(join(folder, 'authentication.yaml'), file)
    await copyFile(join(import.meta.dirname, 'kubernetes/main.go'), join(folder, 'main.go'))
    const build = `go mod init authenticator && go get k8s.io/apiserver@${APISERVER} && go mod tidy && go build -o authenticator .`
    await exec('sh', ['-ec', build], { cwd: folder, maxBuffer: 10_000_000 })

    // The ID Token that kubelogin brings.
    const behind = (url: string | URL | Request, init?: RequestInit) => {
      const { pathname, search } = new URL(String(url))
      const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'id.example' }
      return fetch(`http://${address}${pathname}${search}`, {
        ...init,
        headers: { ...(init?.headers as Record<string, string>), ...forwarded },
      })
    }
    const person = await latchkey.createUser()
    const browser = createHttpBrowser({ fetch: behind as typeof fetch, stopAt: ['http://localhost:8000/'] })
    const verifier = 'v'.repeat(43)
    const challenge = Buffer.from(
      await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)),
    ).toString('base64url')
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: client.client_id,
      redirect_uri: 'http://localhost:8000/',
      scope: 'openid profile',
      code_challenge: challenge,
      code_challenge_method: 'S256',
    })
    const signIn = await browser.open(`${ISSUER}/authorize?${query}`)
    const consent = await browser.signIn(signIn, { identifier: person.username, password: PASSWORD })
    const back = await browser.allow(consent)
    const answer = await behind(`${ISSUER}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: back.url.searchParams.get('code') ?? '',
        redirect_uri: 'http://localhost:8000/',
        client_id: client.client_id,
        code_verifier: verifier,
      }),
    })
    const { id_token: idToken } = (await answer.json()) as { id_token: string }

    const whoIs = async (token: string) => {
      const running = exec('./authenticator', ['authentication.yaml', address], { cwd: folder })
      running.child.stdin?.end(token)
      return JSON.parse((await running).stdout) as unknown
    }
    expect(await whoIs(idToken)).toEqual({
      name: `latchkey:${person.id}`,
      extra: { 'latchkey.example/name': [person.username] },
    })
    const [header, , signature] = idToken.split('.')
    const forged = [header, btoa(JSON.stringify({ sub: 'admin' })).replaceAll('=', ''), signature].join('.')
    await expect(whoIs(forged)).rejects.toThrow('refused')
    return { 'k8s.io/apiserver': APISERVER }
  } finally {
    await latchkey.stop()
  }
})
