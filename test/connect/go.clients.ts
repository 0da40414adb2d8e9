import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { getsTokens, guardsApi, signsOutAtLatchkey } from './behaviour.ts'
import { clientFixture, clientTest, throughWebApp } from './clients.ts'

const fixture = clientFixture()
const exec = promisify(execFile)

/** `go run` has to build what it runs. */
const go = { install: true, patience: 580 }

/** The versions that the folder's go.mod settled on. */
const versions =
  (...names: string[]) =>
  async (folder: string): Promise<Record<string, string>> => {
    const { stdout } = await exec('go', ['list', '-m', '-f', '{{.Path}} {{.Version}}', ...names], {
      cwd: folder,
    })
    const go = await exec('go', ['env', 'GOVERSION'])
    return Object.fromEntries([
      ['Go', go.stdout.trim().replace(/^go/, '')],
      ...stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' ')),
    ]) as Record<string, string>
  }

const OIDC = 'github.com/coreos/go-oidc/v3'
const OAUTH2 = 'golang.org/x/oauth2'

clientTest('go', async () => {
  await signsOutAtLatchkey(fixture, 'go', go)
  // A token of a minute is renewed when ten seconds are left.
  return throughWebApp(fixture, 'go', {
    options: go,
    calls: '/api',
    refreshes: 70,
    versions: versions(OIDC, OAUTH2),
  })
})

clientTest('go-jwt', () => guardsApi(fixture, 'go-jwt', go, versions(OIDC)))

clientTest('go-machine', () => getsTokens(fixture, 'go-machine', go, versions(OIDC, OAUTH2)))
