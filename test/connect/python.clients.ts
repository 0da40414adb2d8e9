import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { press } from '../e2e/steps.ts'
import { getsTokens, guardsApi, signsOutElsewhere, usesTools } from './behaviour.ts'
import { clientFixture, clientTest, throughWebApp } from './clients.ts'
import { keyPair } from './keys.ts'

/** Python, in a virtual environment of its own each. */

const stage = clientFixture()
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
  await signsOutElsewhere(stage, 'flask', python)
  const { jwks, files } = keyPair()
  const metadata = { token_endpoint_auth_method: 'private_key_jwt', jwks }
  await throughWebApp(stage, 'flask', { options: { ...python, metadata, files } })
  return throughWebApp(stage, 'flask', {
    options: python,
    calls: '/api',
    versions: versions('flask', 'authlib'),
  })
})

clientTest('fastapi', async () => {
  await signsOutElsewhere(stage, 'fastapi', python)
  return throughWebApp(stage, 'fastapi', {
    options: python,
    calls: '/api',
    versions: versions('fastapi', 'authlib'),
  })
})

clientTest('django', async () => {
  await signsOutElsewhere(stage, 'django', django)
  return throughWebApp(stage, 'django', {
    options: django,
    refreshes: false,
    versions: versions('django', 'authlib'),
  })
})

clientTest('django-allauth', () =>
  throughWebApp(stage, 'django-allauth', {
    options: django,
    enter: button('Sign in'),
    leave: button('Sign out'),
    refreshes: false,
    versions: versions('django', 'django-allauth'),
  }),
)

clientTest('django-mozilla', () =>
  throughWebApp(stage, 'django-mozilla', {
    options: django,
    leave: button('Sign out'),
    refreshes: false,
    versions: versions('django', 'mozilla-django-oidc'),
  }),
)

clientTest('fastapi-jwt', () => guardsApi(stage, 'fastapi-jwt', python, versions('fastapi', 'pyjwt')))

clientTest('flask-introspection', () =>
  guardsApi(stage, 'flask-introspection', python, versions('flask', 'requests')),
)

clientTest('mcp-python-server', () =>
  usesTools(stage, 'mcp-python-client', 'mcp-python-server', python, versions('mcp', 'pyjwt')),
)

clientTest('mcp-python-client', () =>
  usesTools(stage, 'mcp-python-client', 'mcp-python-server', python, versions('mcp')),
)

clientTest('python-machine', () =>
  getsTokens(stage, 'python-machine', python, versions('authlib', 'requests')),
)
