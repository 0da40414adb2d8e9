import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { press } from '../e2e/steps.ts'
import { getsTokens, guardsApi, signsOutAtLatchkey, usesTools } from './behaviour.ts'
import { clientFixture, clientTest, throughWebApp } from './clients.ts'
import { keyPair } from './keys.ts'

/** Python, in a virtual environment of its own each. */

const fixture = clientFixture()
const exec = promisify(execFile)

const VENV = 'python3 -m venv .venv\n. .venv/bin/activate\nexport PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_QUIET=1'
const python = { before: VENV, install: true, patience: 580 }

/** What `startproject` makes, under what is printed; with the settings at its end. */
const django = {
  ...python,
  before: `${VENV}
pip install django
django-admin startproject mysite "$(mkdir made && echo made)"
cp -rn made/. .
[ ! -f settings.py ] || cat settings.py >> mysite/settings.py`,
}

/** The versions of packages in the environment of a folder. */
const versionsOf = async (folder: string, names: readonly string[]): Promise<Record<string, string>> => {
  const script =
    'import importlib.metadata as m, json, platform, sys; print(json.dumps({"Python": platform.python_version(), **{n: m.version(n) for n in sys.argv[1:]}}))'
  const { stdout } = await exec(join(folder, '.venv/bin/python'), ['-c', script, ...names])
  return JSON.parse(stdout) as Record<string, string>
}
const versions =
  (...names: string[]) =>
  (folder: string) =>
    versionsOf(folder, names)
const button = (name: string) => (page: Page) => press(page, name)

clientTest('flask', async () => {
  await signsOutAtLatchkey(fixture, 'flask', python)
  const { jwks, files } = keyPair()
  const metadata = { token_endpoint_auth_method: 'private_key_jwt', jwks }
  await throughWebApp(fixture, 'flask', { options: { ...python, metadata, files } })
  return throughWebApp(fixture, 'flask', {
    options: python,
    calls: '/api',
    versions: versions('flask', 'authlib'),
  })
})

clientTest('fastapi', async () => {
  await signsOutAtLatchkey(fixture, 'fastapi', python)
  return throughWebApp(fixture, 'fastapi', {
    options: python,
    calls: '/api',
    versions: versions('fastapi', 'authlib'),
  })
})

clientTest('django', async () => {
  await signsOutAtLatchkey(fixture, 'django', django)
  return throughWebApp(fixture, 'django', {
    options: django,
    refreshes: false,
    versions: versions('django', 'authlib'),
  })
})

clientTest('django-allauth', () =>
  throughWebApp(fixture, 'django-allauth', {
    options: django,
    enter: button('Sign in'),
    leave: button('Sign out'),
    refreshes: false,
    versions: versions('django', 'django-allauth'),
  }),
)

clientTest('django-mozilla', () =>
  throughWebApp(fixture, 'django-mozilla', {
    options: django,
    leave: button('Sign out'),
    refreshes: false,
    versions: versions('django', 'mozilla-django-oidc'),
  }),
)

clientTest('fastapi-jwt', () => guardsApi(fixture, 'fastapi-jwt', python, versions('fastapi', 'pyjwt')))

clientTest('flask-introspection', () =>
  guardsApi(fixture, 'flask-introspection', python, versions('flask', 'requests')),
)

clientTest('mcp-python-server', () =>
  usesTools(fixture, 'mcp-python-client', 'mcp-python-server', python, versions('mcp', 'pyjwt')),
)

clientTest('mcp-python-client', () =>
  usesTools(fixture, 'mcp-python-client', 'mcp-python-server', python, versions('mcp')),
)

clientTest('python-machine', () =>
  getsTokens(fixture, 'python-machine', python, versions('authlib', 'requests')),
)
