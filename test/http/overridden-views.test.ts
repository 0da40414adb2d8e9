import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { copyOf, shippedViews, VIEWS } from '../../src/http/pages/overridden-views.ts'
import { latchkey as command } from '../operations/server-process.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { temporaryFolder } from '../support/folder.ts'
import { startLatchkey } from '../support/latchkey.ts'
import { readOutbox } from '../support/mailbox.ts'

const env = () => ({ DATA_DIR: temporaryFolder() })

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-views-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (view: string, text: string) => {
  mkdirSync(dirname(join(folder, view)), { recursive: true })
  writeFileSync(join(folder, view), text)
}
const start = () => startLatchkey({ env: { VIEWS_DIR: folder } })

describe('a folder of views', () => {
  test('whatever is no regular file is named, and not read: a pipe, a device', async () => {
    mkdirSync(join(folder, 'partials'))
    execFileSync('mkfifo', [join(folder, 'partials', 'providers.eta')])
    symlinkSync('/dev/zero', join(folder, 'layout.eta'))
    const refused = await start().catch((error: unknown) => error)
    for (const view of ['partials/providers.eta', 'layout.eta'])
      expect(String(refused)).toContain(`${join(folder, view)} is no regular file`)
  })

  test('replaces those of the same path, and includes what ships and what it replaces', async () => {
    write(
      'accounts/register.eta',
      `${copyOf('accounts/register.eta')}<p>Ask <%= it.host %> first. <script>alert(1)</script></p>\n`,
    )
    write('partials/providers.eta', '<p>No providers here.</p>\n')
    write('mail/layout.html.eta', '<p>Letter of <%= it.service %>: <%~ it.heading %></p>')
    write('.git/config', 'not looked at')
    const latchkey = await start()
    try {
      const page = await createHttpBrowser().open(`${latchkey.issuer}/register`)
      expect(page.body).toMatch(/^<!doctype html>/)
      expect(page.text).toContain(`Ask ${new URL(latchkey.issuer).host} first.`)
      expect(page.text).toContain('No providers here.')
      expect(page.body).not.toContain('copied of')
      expect(page.headers.get('content-security-policy')).toContain("script-src 'self'")
      expect((await createHttpBrowser().open(`${latchkey.issuer}/login`)).text).toContain(
        'No providers here.',
      )
      const { email } = await latchkey.createUser()
      const browser = createHttpBrowser()
      await browser.submit(await browser.open(`${latchkey.issuer}/forgot-password`), { email })
      await latchkey.services.mailer.idle()
      const mails = await readOutbox(join(latchkey.dataDir, 'outbox'))
      expect(mails.find(({ to }) => to === email)?.html).toBe(
        `<p>Letter of ${new URL(latchkey.issuer).host}: Set a new password</p>\n`,
      )
    } finally {
      await latchkey.stop()
    }
  })

  test('that cannot be shown keeps the server from starting, each file by its name', async () => {
    write('accounts/nothing.eta', 'x')
    write('notes.txt', 'x')
    write('accounts/register.eta', '<% if (it.client) { %>never closed')
    write('layout.eta', "<%~ include('/partials/no-such', {}) %>")
    await expect(start()).rejects.toMatchObject({
      name: 'ConfigError',
      problems: [
        expect.stringMatching(/accounts\/nothing\.eta replaces no view that ships: remove it, /),
        expect.stringMatching(
          /accounts\/register\.eta cannot be compiled, mend it or copy it anew: Bad template syntax · [^·]*$/,
        ),
        expect.stringMatching(/layout\.eta includes '\/partials\/no-such', and there is no view/),
        expect.stringMatching(/notes\.txt replaces no view that ships: remove it, /),
      ],
    })
    rmSync(folder, { recursive: true })
    await expect(start()).rejects.toMatchObject({
      problems: [
        expect.stringMatching(/^VIEWS_DIR cannot be read, create the folder or leave it out: ENOENT/),
      ],
    })
  })

  test('whose includes are not there does not start either, however they are written', async () => {
    write('accounts/register.eta', `<% layout("/no-layout", {}) %><%~ include('./no-sibling') %>`)
    write('accounts/setup.eta', '<%~ include( `../partials/no-partial`, {}) %>')
    write('mail/layout.html.eta', "<%~ include('/partials/csrf', {}) %><%~ it.heading %>")
    write('http/home.eta', "<%~ include('../../elsewhere') %>")
    write('partials/csrf.eta', "<%~ include(it.odd ? '/layout' : '/partials/no', {}) %>")
    write('partials/client.eta', '<%~ include(`/partials/$' + '{it.kind}`) %>')
    const literally = ['"/no-layout"', "'./no-sibling'", '`../partials/no-partial`']
    await expect(start()).rejects.toMatchObject({
      problems: [
        expect.stringContaining(`register.eta includes ${literally[0]}, and there is no view no-layout.eta`),
        expect.stringContaining(`register.eta includes ${literally[1]}, and there is no view accounts/no-s`),
        expect.stringContaining(`setup.eta includes ${literally[2]}, and there is no view partials/no-par`),
        expect.stringContaining("home.eta includes '../../elsewhere', which is outside of the views"),
        expect.stringContaining("layout.html.eta includes '/partials/csrf', and there is no view mail/part"),
        expect.stringContaining('client.eta includes what it computes (`/partials/$' + '{it.kind}`): write'),
        expect.stringContaining("csrf.eta includes what it computes (it.odd ? '/layout' : '/partials/no')"),
      ],
    })
  })

  test('whose includes are not there does not start either, wherever in its code they stand', async () => {
    write('accounts/register.eta', `<% const x = \`a \${it.t('x')} \${\`\${include('/no-literal')}\`}\` %>`)
    write('accounts/setup.eta', "<%~ includeAsync('/no-async', {}) %>")
    write('http/home.eta', "<% ['/layout'].map(include) %>")
    write('layout.eta', "<% const web = /^[/]*https?:\\/\\//.test(it.x) %><%~ include('/no-regex') %>")
    write('oidc/error.eta', "<%~ [...include('/no-spread')] %><%~ it.a / 2 // include('/no-comment')\n %>")
    write(
      'partials/client.eta',
      "<% const o = { include: 1, layout: 2 }; o.include('/no-member'); /* include('/no') */ %>",
    )
    write('partials/csrf.eta', `<%~ include(/* the frame */ '/no-argument', \`\${it.a(1, 2)}\`) %>`)
    await expect(start()).rejects.toMatchObject({
      problems: [
        expect.stringContaining("register.eta includes '/no-literal', and there is no view no-literal.eta"),
        expect.stringContaining("setup.eta includes '/no-async', and there is no view no-async.eta"),
        expect.stringContaining('home.eta includes what it computes (include): write the name of each view'),
        expect.stringContaining("layout.eta includes '/no-regex', and there is no view no-regex.eta"),
        expect.stringContaining("error.eta includes '/no-spread', and there is no view no-spread.eta"),
        expect.stringContaining("csrf.eta includes '/no-argument', and there is no view no-argument.eta"),
      ],
    })
  })

  test('includes what it says in words and comments alone nowhere, and computes what ships computes', async () => {
    write(
      'accounts/register.eta',
      `${copyOf('accounts/register.eta')}<p>Teams include(s) yours. <%= 'include(x)' %></p><% /* include(it.y) */ // layout(z)\n %>`,
    )
    write('admin/fields.eta', copyOf('admin/fields.eta') ?? '')
    write('admin/users-new.eta', `${copyOf('admin/users-new.eta')}`)
    await (await start()).stop()
  })

  test('may be made of links, as volumes are: to files, and to folders out of it', async () => {
    const out = temporaryFolder()
    mkdirSync(join(out, 'accounts'))
    writeFileSync(join(out, 'accounts', 'setup.eta'), `${copyOf('accounts/setup.eta')}`)
    writeFileSync(join(out, 'accounts', 'nothing.eta'), 'x')
    symlinkSync(out, join(folder, '..data'))
    symlinkSync(join('..data', 'accounts'), join(folder, 'accounts'))
    symlinkSync('/nowhere', join(folder, 'layout.eta'))
    await expect(start()).rejects.toMatchObject({
      problems: [
        expect.stringContaining(`${join(folder, 'layout.eta')} cannot be read: ENOENT`),
        expect.stringContaining(`${join(folder, 'accounts/nothing.eta')} replaces no view that ships`),
      ],
    })
    rmSync(join(folder, 'layout.eta'))
    rmSync(join(out, 'accounts', 'nothing.eta'))
    const checked = await command(['views', 'check', '--json'], { ...env(), VIEWS_DIR: folder })
    expect(JSON.parse(checked.stdout).views).toMatchObject([{ view: 'accounts/setup.eta' }])
  })

  test('names a folder where a view belongs, one that holds none, and a link back into itself', async () => {
    mkdirSync(join(folder, 'accounts', 'register.eta'), { recursive: true })
    mkdirSync(join(folder, 'ours'))
    symlinkSync('..', join(folder, 'accounts', 'accounts'))
    await expect(start()).rejects.toMatchObject({
      problems: ['accounts/accounts', 'accounts/register.eta', 'ours'].map((path) =>
        expect.stringContaining(`${join(folder, path)} is a folder in which no view ships: `),
      ),
    })
  })

  test('whose original is another one by now is said at the start, and by the command', async () => {
    const copy = copyOf('accounts/setup.eta') ?? ''
    write('accounts/setup.eta', copy.replace(/[0-9a-f]{16}/, '0123456789abcdef'))
    write('accounts/register.eta', copyOf('accounts/register.eta') ?? '')
    write('http/home.eta', readFileSync(join(VIEWS, 'http/home.eta'), 'utf8'))
    const latchkey = await start()
    await latchkey.stop()
    const warned = latchkey.log.filter((line) => line.includes('when they were copied'))
    expect(warned.map((line) => JSON.parse(line).views)).toEqual([['accounts/setup.eta']])
    const checked = await command(['views', 'check', '--json'], { ...env(), VIEWS_DIR: folder })
    expect([checked.code, checked.database]).toEqual([1, ''])
    expect(JSON.parse(checked.stdout)).toMatchObject({
      views: [
        { view: 'accounts/register.eta', age: 'current' },
        { view: 'accounts/setup.eta', age: 'changed' },
        { view: 'http/home.eta', age: 'unknown' },
      ],
      out_of_date: ['accounts/setup.eta'],
    })
  })

  test('is filled by copies that replace nothing, and show what ships', async () => {
    const at = { ...env(), VIEWS_DIR: folder }
    expect((await command(['views', 'copy', 'accounts/register'], at)).code).toBe(0)
    const again = await command(['views', 'copy', 'accounts/register.eta'], at)
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('is there already')])
    const none = await command(['views', 'copy', '../../etc/register'], at)
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('accounts/register.eta')])
    const homeless = await command(['views', 'copy', 'layout'], env())
    expect([homeless.code, homeless.stderr]).toEqual([1, expect.stringContaining('Set VIEWS_DIR')])
    expect((await command(['views', 'check'], at)).code).toBe(0)
  })

  test('may hold every view that ships', async () => {
    for (const view of shippedViews()) write(view, copyOf(view) ?? '')
    const latchkey = await start()
    try {
      const page = await createHttpBrowser().open(`${latchkey.issuer}/login`)
      expect([page.status, page.body.includes('copied of')]).toEqual([200, false])
    } finally {
      await latchkey.stop()
    }
  })
})
