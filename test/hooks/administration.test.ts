import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { signedIn } from '../admin/console.ts'
import { person } from '../admin/rest/support.ts'
import { createInstallation } from '../cli/harness.ts'
import type { HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { ANSWERS, startHookReceiver } from './receiver.ts'

describe.each(engines)('the administration of hooks, on %s', (engine) => {
  let latchkey: Latchkey
  let receiver: Awaited<ReturnType<typeof startHookReceiver>>
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    receiver = await startHookReceiver()
  })
  afterAll(() => latchkey?.stop())

  const audited = async () => {
    await latchkey.services.audit.idle()
    const { items } = await latchkey.services.audit.list({}, { limit: 100 })
    return items.map(({ action }) => action)
  }

  test('by REST a hook is defined with its secret shown once, changed under its ETag, tried and deleted', async () => {
    const { rest } = await person(latchkey, 'admin')
    const input = { name: 'risk', at: 'token', url: receiver.url, state: 'disabled' }
    const made = await rest.post('/hooks', input)
    expect([made.status, made.json]).toEqual([
      201,
      expect.objectContaining({
        ...input,
        on_failure: 'deny',
        clients: [],
        secret: expect.stringMatching(/^whsec_/),
      }),
    ])
    const path = `/hooks/${made.json.id}`
    const read = await rest.get(path)
    expect(read.text).not.toContain('whsec_')
    expect((await rest.get('/hooks')).text).not.toMatch(/whsec_|former|secret/)
    const tag = { 'if-match': read.headers.get('etag') ?? '' }
    const changed = await rest.patch(path, { on_failure: 'allow' }, tag)
    expect([changed.status, changed.json.on_failure]).toEqual([200, 'allow'])
    expect((await rest.patch(path, { on_failure: 'deny' }, tag)).status).toBe(412)
    for (const wrong of [
      { at: 'sign_in' },
      { name: 'other' },
      { url: 'ftp://a.example/' },
      { url: 'https://me:secret@a.example/' },
      { on_failure: 'maybe' },
      { enabled: true },
    ])
      expect([wrong, (await rest.patch(path, wrong)).status]).toEqual([wrong, 422])
    receiver.answers({ action: 'allow', claims: { id_token: { a: 1 } } })
    const tried = await rest.post(`${path}/test`)
    expect([tried.status, tried.json]).toEqual([
      200,
      expect.objectContaining({ answer: expect.stringContaining('id_token'), failure: null }),
    ])
    receiver.answer = ANSWERS['HTTP 500']
    expect((await rest.post(`${path}/test`)).json).toMatchObject({
      answer: null,
      failure: 'it answered HTTP 500',
    })
    const rotated = await rest.post(`${path}/rotate-secret`)
    expect(rotated.json.secret).not.toBe(made.json.secret)
    expect((await rest.delete(path)).status).toBe(204)
    expect((await rest.get(path)).status).toBe(404)
    expect((await rest.post(`${path}/test`)).status).toBe(404)
    expect(await audited()).toEqual(
      expect.arrayContaining([
        'hook.created',
        'hook.updated',
        'hook.tested',
        'hook.secret_rotated',
        'hook.deleted',
      ]),
    )
    expect(latchkey.log.join('\n')).not.toContain(String(made.json.secret))
  })

  test('in the console a hook is defined, tried and deleted', async () => {
    const { browser }: { browser: HttpBrowser } = await signedIn(latchkey)
    const open = (path: string) => browser.open(`${latchkey.issuer}/admin/hooks${path}`)
    expect((await open('')).text).toContain('There is no hook yet')
    const refused = await browser.submit(
      await open('/new'),
      { Name: 'gate', Asked: 'sign_in', Address: 'nowhere', State: 'disabled' },
      { button: 'Define hook' },
    )
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('Enter an address')])
    const page = await browser.submit(refused, { Address: receiver.url }, { button: 'Define hook' })
    expect(page.text).toMatch(/whsec_[\w+/=]{40,}/)
    expect((await browser.open(page.url.href)).text).not.toContain('whsec_')
    receiver.answers({ action: 'deny', message: 'Try words.' })
    const tried = await browser.submit(page, {}, { button: 'Ask it' })
    expect([tried.status, tried.text]).toEqual([200, expect.stringContaining('Try words.')])
    expect(tried.text).toContain('"test": true')
    const rotated = await browser.submit(tried, {}, { button: 'New secret' })
    expect(rotated.text).toMatch(/Two secrets sign until/)
    const [hook] = await latchkey.services.hooks.list()
    const gone = await browser.submit(await open(`/${hook?.id}/delete`), {}, { button: 'Delete hook' })
    expect(gone.text).toContain('The hook is deleted')
  })

  test('a configuration file plans, applies, exports and prunes hooks, without secrets', async () => {
    const { configuration, hooks } = latchkey.services
    const hook = { name: 'risk', at: 'sign_in', url: receiver.url, state: 'disabled' }
    const file = (content: object) => stringify({ version: 1, ...content })
    const told = ({ done }: { done: readonly { kind: string; action: string; name: string }[] }) =>
      done.map(({ kind, action, name }) => `${action} ${kind} ${name}`)
    const noSecrets = () => undefined
    expect(told(await configuration.apply(file({ hooks: [hook] }), noSecrets))).toEqual(['create hook risk'])
    expect((await configuration.plan(file({ hooks: [hook] }), noSecrets)).changes).toEqual([])
    const exported = await configuration.export()
    expect((parse(exported) as { hooks: object[] }).hooks).toEqual([hook])
    expect(exported).not.toMatch(/whsec_|secret/)
    const changed = file({ hooks: [{ ...hook, on_failure: 'allow' }] })
    expect(told(await configuration.apply(changed, noSecrets))).toEqual(['update hook risk'])
    expect(told(await configuration.apply(file({ hooks: [], prune: { hooks: true } }), noSecrets))).toEqual([
      'delete hook risk',
    ])
    expect(await hooks.list()).toEqual([])
  })

  test('by command line', async () => {
    const installation = await createInstallation({}, { engine })
    const run = async (...argv: string[]) => {
      const outcome = await installation.run(argv)
      expect(outcome.status, outcome.stderr).toBe(0)
      return outcome.stdout
    }
    const made = await run('hooks', 'create', '--name', 'gate', '--at', 'sign_in', '--url', receiver.url)
    expect(made).toMatch(/whsec_/)
    expect(await run('hooks', 'show', 'gate')).not.toContain('whsec_')
    expect(await run('hooks', 'list')).toContain(receiver.url)
    receiver.answer = ANSWERS.allow
    expect(await run('hooks', 'test', 'gate')).toContain('{"action":"allow"}')
    expect(await run('hooks', 'update', 'gate', '--state', 'disabled')).toContain('Disabled')
    expect(await run('hooks', 'rotate-secret', 'gate')).toMatch(/whsec_/)
    expect(await run('hooks', 'delete', 'gate')).toContain('deleted')
    await installation.remove()
  })
})
