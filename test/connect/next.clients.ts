import type { Page } from 'playwright-core'
import { press } from '../e2e/steps.ts'
import { clientFixture, clientTest, npmVersions, throughWebApp } from './clients.ts'

/** Auth.js 5 and NextAuth 4 in the framework that they are for. */

const fixture = clientFixture()
const button = (name: string) => (page: Page) => press(page, name)

/** What `create-next-app` makes, as far as it matters. */
const APP = {
  before:
    'npm install --no-audit --no-fund next@16 react@19 react-dom@19 typescript@5 @types/node @types/react',
  files: {
    'package.json': '{"private":true}',
    'tsconfig.json': JSON.stringify({
      compilerOptions: { paths: { '@/*': ['./*'] }, jsx: 'react-jsx', strict: true, skipLibCheck: true },
    }),
    'app/layout.tsx':
      'export default ({ children }: { children: React.ReactNode }) => (<html lang="en"><body>{children}</body></html>)\n',
  },
}

const way = {
  options: { ...APP, install: true, patience: 580, env: { NEXT_TELEMETRY_DISABLED: '1' } },
  enter: button('Sign in'),
  leave: button('Sign out'),
  versions: (folder: string) => npmVersions(folder, ['next', 'next-auth']),
}

clientTest('auth-js', () => throughWebApp(fixture, 'auth-js', way))

clientTest('next-auth-4', () => {
  // The Pages Router instead of the other one.
  const { 'app/layout.tsx': _, ...files } = APP.files
  return throughWebApp(fixture, 'next-auth-4', { ...way, options: { ...way.options, files } })
})
