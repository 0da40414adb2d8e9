import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect } from 'vitest'
import { press } from '../e2e/steps.ts'
import { freePort } from '../support/ports.ts'
import { clientFixture, clientTest, throughWebApp } from './clients.ts'

/** What stands before an application that knows nothing of sign-in. */

const fixture = clientFixture()
const exec = promisify(execFile)

/** The application: shows what it is told of a person, and where it was asked for. */
let behind: Server
let port: number
beforeAll(async () => {
  port = await freePort()
  const told = /^(x-user|x-email|x-forwarded-(preferred-username|email)|oidc_claim_(name|email))$/
  behind = createServer((request, response) => {
    const words = Object.entries(request.headers).flatMap(([name, value]) => (told.test(name) ? value : []))
    response.end(
      request.url === '/signed-out' ? 'Signed out. Sign in again' : `${words.join(', ')} at ${request.url}`,
    )
  }).listen(port, '127.0.0.1')
})
afterAll(() => behind?.close())

/** oauth2-proxy at a port of its own, refreshing at once instead of after half an hour. */
const ports = async () => {
  const own = await freePort()
  return `sed -i 's/127.0.0.1:4180/127.0.0.1:${own}/; s/127.0.0.1:8080/127.0.0.1:${port}/; s/"30m"/"1s"/' *.cfg *.conf Caddyfile 2>/dev/null || true`
}

const version = async (program: string, ...args: string[]): Promise<string> => {
  const { stdout, stderr } = await exec(program, args)
  // `dpkg -s` names the version of the package in a line of its own.
  const text = /^Version: .*$/m.exec(stdout)?.[0] ?? stdout + stderr
  return /\d+\.\d+(\.\d+)*/.exec(text)?.[0] ?? ''
}

const DEEP = '/deep/path?x=1&y=2'

/** From deep inside to Latchkey, by the button of oauth2-proxy. */
const enter = async (page: Page) => {
  await page.goto(new URL(DEEP, page.url()).href)
  await press(page, 'Sign in with Latchkey')
}

/** Back at the page that was asked for; then out, as the comment in the settings says. */
const leave = async (page: Page, folder: string) => {
  const [way = ''] =
    /\/oauth2\/sign_out\S+/.exec(await readFile(join(folder, 'oauth2-proxy.cfg'), 'utf8')) ?? []
  await page.goto(new URL(way, page.url()).href)
}

/** What `who` shows of a person, beside where they were asked for. */
const returned = async (page: Page) => expect(await page.textContent('body')).toContain(` at ${DEEP}`)

// Built by `go install`, it does not know its own version.
const PROXY = {
  'oauth2-proxy': [
    'sh',
    '-c',
    'go version -m "$(command -v oauth2-proxy)" | grep "mod.github" || oauth2-proxy --version',
  ],
}

const versions = (programs: Record<string, string[]>) => async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(programs).map(
        async ([name, [program = '', ...args]]) => [name, await version(program, ...args)] as const,
      ),
    ),
  )

clientTest('oauth2-proxy', async () =>
  throughWebApp(fixture, 'oauth2-proxy', {
    options: { before: await ports() },
    enter,
    arrive: returned,
    leave,
    versions: versions(PROXY),
  }),
)

clientTest('nginx', async () =>
  throughWebApp(fixture, 'nginx', {
    options: {
      before: await ports(),
      files: {
        'main.conf': `pid nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  include nginx.conf;
}
`,
      },
      run: () => `sh run.sh & exec nginx -p "$PWD" -c main.conf -e stderr -g 'daemon off;'`,
    },
    enter,
    arrive: returned,
    leave,
    versions: versions({ nginx: ['nginx', '-v'], ...PROXY }),
  }),
)

clientTest('caddy', async () =>
  throughWebApp(fixture, 'caddy', {
    options: {
      before: `${await ports()}\nprintf '{\\n\\tadmin off\\n}\\n' | cat - Caddyfile > whole`,
      run: () => 'sh run.sh & exec caddy run --config whole --adapter caddyfile',
    },
    enter,
    arrive: returned,
    leave,
    versions: versions({ Caddy: ['caddy', 'version'], ...PROXY }),
  }),
)

const MODULES = 'mpm_event authn_core authz_core authz_user auth_openidc proxy proxy_http'

clientTest('mod-auth-openidc', async () =>
  throughWebApp(fixture, 'mod-auth-openidc', {
    options: {
      path: '/protected/callback',
      files: {
        'modules.conf': MODULES.split(' ')
          .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\n`)
          .join(''),
      },
      run: (own) => `. ./envvars
cat > httpd.conf <<END
ServerName localhost
Listen ${own}
PidFile $PWD/httpd.pid
ErrorLog "|/bin/cat"
User www-data
Group www-data
Include $PWD/modules.conf
Include $PWD/auth_openidc.conf
ProxyPass "/" "http://127.0.0.1:${port}/"
END
exec apache2 -f "$PWD/httpd.conf" -DFOREGROUND`,
    },
    // Its first page is at Latchkey at once.
    enter: async () => undefined,
    leave: async (page, folder) => {
      const [way = ''] =
        /\S+\?logout=\S+/.exec(await readFile(join(folder, 'auth_openidc.conf'), 'utf8')) ?? []
      await page.goto(new URL(way, page.url()).href)
    },
    versions: versions({
      Apache: ['apache2', '-v'],
      mod_auth_openidc: ['dpkg', '-s', 'libapache2-mod-auth-openidc'],
    }),
  }),
)
