import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { importJWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kindsInWords } from '../../src/admin/console/clients/presets.ts'
import { toRegister } from '../../src/admin/console/snippets/registration.ts'
import { type SnippetClient, snippetValues } from '../../src/admin/console/snippets/snippet.ts'
import { allStacks } from '../../src/admin/console/snippets/stack.ts'
import { openCliServices } from '../../src/cli/open.ts'
import { run } from '../../src/cli/run.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

const DOCS = resolve(import.meta.dirname, '../../docs/connect')
const COMMAND = /^npm run -s latchkey -- (.+)$/
const folder = temporaryFolder()

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey?.stop())

/** The blocks of a page: the commands that register, and the code to copy. */
function readPage(id: string) {
  const page = readFileSync(join(DOCS, `${id}.md`), 'utf8')
  const blocks = [...page.matchAll(/```\w*\n([\s\S]*?)```/g)].map(([, text = '']) => text)
  const commands = blocks
    .filter((text) => COMMAND.test(text.split('\n')[0] ?? ''))
    .flatMap((text) => text.replaceAll('\\\n', '').trim().split('\n'))
    .map((line) => [...(COMMAND.exec(line)?.[1] ?? '').matchAll(/"([^"]*)"|(\S+)/g)])
    .map((words) => words.map(([, quoted, bare]) => quoted ?? bare ?? ''))
  const code = blocks.filter((text) => !COMMAND.test(text.split('\n')[0] ?? '')).join('\n')
  return { page, commands, code }
}

/** Runs a command of a page on the server's own database. @throws with what it says when it is refused */
async function latchkeyCommand(argv: readonly string[]): Promise<Record<string, unknown>> {
  const output = { stdout: '', stderr: '' }
  const status = await run([...argv, '--json'], {
    openServices: openCliServices,
    env: latchkey.env,
    stdin: Readable.from([]),
    stdout: { write: (text) => (output.stdout += text) },
    stderr: { write: (text) => (output.stderr += text) },
    fetch: () => Promise.reject(new Error('the network is off')),
    clock: Date.now,
  })
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${output.stderr}`)
  return JSON.parse(output.stdout) as Record<string, unknown>
}

const added = new Set<string>()
const clients = new Map<string, ReturnType<typeof follow>>()

/** The client that a page registers, by doing what it says before its code; once a page. */
function followed(id: string): ReturnType<typeof follow> {
  const client = clients.get(id) ?? follow(id)
  clients.set(id, client)
  return client
}

async function follow(id: string) {
  const { commands, page } = readPage(id)
  let client: Record<string, unknown> | undefined
  for (const argv of commands) {
    // Another page may have added the same API.
    if (argv[0] === 'resources' && added.has(argv.join(' '))) continue
    added.add(argv.join(' '))
    if (argv.includes('--jwks')) {
      const [, keys = ''] = /```js\n([\s\S]*?)```/.exec(page.slice(page.indexOf('**keys.mjs'))) ?? []
      writeFileSync(join(folder, 'keys.mjs'), keys)
      writeFileSync(
        join(folder, 'public-key.jwk'),
        execFileSync(process.execPath, ['keys.mjs'], { cwd: folder }),
      )
    }
    const here = argv.map((word) => (word === 'public-key.jwk' ? join(folder, word) : word))
    const answer = await latchkeyCommand(here)
    if (argv[0] === 'clients') client = answer
  }
  return client
}

/** The parameters that a page's code asks with. */
function askedIn(code: string, machine: boolean) {
  const scopes = [...(machine ? [] : ['openid', 'profile', 'email']), 'books:read', 'mcp:use']
  const words = new Set(code.match(/[\w:]+/g))
  const resource = ['https://books.example', 'https://mcp.example/mcp'].find((each) => code.includes(each))
  // The scopes that an MCP server publishes are asked for without standing in the code.
  if (resource === 'https://mcp.example/mcp') words.add('mcp:use')
  return { scope: scopes.filter((scope) => words.has(scope)).join(' '), ...(resource && { resource }) }
}

const post = (path: string, body: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(`${latchkey.issuer}${path}`, { method: 'POST', body: new URLSearchParams(body), headers })

const challenge = {
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
}

/** Signs by the key that the page has made. */
async function assertion(clientId: string): Promise<Record<string, string>> {
  const jwk = JSON.parse(readFileSync(join(folder, 'private-key.jwk'), 'utf8'))
  const jwt = await new SignJWT({ jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: 'ES256', kid: jwk.kid })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(latchkey.issuer)
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(await importJWK(jwk, 'ES256'))
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: jwt,
  }
}

test('the page of registering a client has each kind that the console offers', () => {
  const page = readFileSync(join(DOCS, '../register-a-client.md'), 'utf8')
  for (const { title } of kindsInWords()) expect(page).toContain(`| ${title} | `)
})

const stacks = allStacks().filter(({ kinds }) => !kinds.includes('api'))

describe('who does what a page of docs/connect says', () => {
  test('there is a page for each', () => {
    expect(readdirSync(DOCS)).toEqual(expect.arrayContaining(allStacks().map(({ id }) => `${id}.md`)))
  })

  test.each(stacks)('$id: gets what its code asks for', async (stack) => {
    const client = await followed(stack.id)
    const { code } = readPage(stack.id)
    const asked = askedIn(code, stack.kinds[0] === 'machine')
    const clientId = String(client?.client_id)
    const basic = `Basic ${Buffer.from(`${clientId}:${client?.client_secret}`).toString('base64')}`
    if (stack.kinds[0] === 'machine') {
      const request = { grant_type: 'client_credentials', ...asked }
      const answer = await post('/token', request, { authorization: basic })
      expect(await answer.json()).toMatchObject({ token_type: 'Bearer', scope: asked.scope })
      return
    }
    if (stack.kinds[0] === 'device') {
      const answer = await post('/device_authorization', { client_id: clientId, ...asked })
      expect(await answer.json()).toMatchObject({ user_code: expect.any(String) })
      return
    }
    const uris = client?.redirect_uris as string[]
    expect(uris.length).toBeGreaterThan(0)
    for (const redirect_uri of uris) {
      const request = {
        response_type: 'code',
        client_id: clientId,
        redirect_uri,
        ...asked,
        ...(stack.withoutPkce ? {} : challenge),
      }
      if (stack.hardened) {
        const answer = await post('/par', { ...request, ...(await assertion(clientId)) })
        expect(await answer.json()).toMatchObject({ request_uri: expect.any(String) })
        continue
      }
      const answer = await fetch(`${latchkey.issuer}/authorize?${new URLSearchParams(request)}`, {
        redirect: 'manual',
      })
      const location = new URL(answer.headers.get('location') ?? '', latchkey.issuer)
      expect(location.searchParams.get('error_description')).toBe(null)
      expect(location.origin).toBe(latchkey.issuer)
    }
  })

  test.each(stacks)('$id: returns where its configuration says', async (stack) => {
    const client = await followed(stack.id)
    const { code } = readPage(stack.id)
    const asked = [...code.matchAll(/post_logout_redirect_uri(?:=|: ')(https?:[^&'"\s]+)/g)].map(
      ([, uri]) => uri,
    )
    expect(client?.post_logout_redirect_uris).toEqual(expect.arrayContaining(asked))
    // Nor has the console anything to add.
    const values = snippetValues(latchkey.issuer, client as unknown as SnippetClient, [])
    expect(toRegister(stack, values)).toEqual([])
  })
})
