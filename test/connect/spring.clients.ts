import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { press } from '../e2e/steps.ts'
import { guardsApi, signsOutAtLatchkey } from './behaviour.ts'
import { clientFixture, clientTest, throughWebApp } from './clients.ts'
import { keyPair } from './keys.ts'

/** Spring Boot 4 as printed, and 3.5 with the names of its dependencies. */

const fixture = clientFixture()
const spring = { install: true, patience: 580, env: { MAVEN_OPTS: '-Xmx400m' } }
const older = {
  ...spring,
  before: `sed -i 's/4\\.1\\.2/3.5.16/; s/starter-webmvc/starter-web/; s/starter-security-oauth2/starter-oauth2/' pom.xml`,
}

const versions = async (folder: string): Promise<Record<string, string>> => {
  const [, version = ''] = /<version>([\d.]+)</.exec(await readFile(join(folder, 'pom.xml'), 'utf8')) ?? []
  return { 'Spring Boot': version }
}

/** What two runs were made with, in one. */
const both = (one: Record<string, string>, other: Record<string, string>) => ({
  'Spring Boot': `${one['Spring Boot']} and ${other['Spring Boot']}`,
})

clientTest('spring', async () => {
  const leave = (page: Parameters<typeof press>[0]) => press(page, 'Sign out')
  await signsOutAtLatchkey(fixture, 'spring', spring, '/logout/connect/back-channel/latchkey')
  const { jwks, files } = keyPair()
  const metadata = { token_endpoint_auth_method: 'private_key_jwt', jwks }
  await throughWebApp(fixture, 'spring', { options: { ...spring, metadata, files }, leave })
  return both(
    await throughWebApp(fixture, 'spring', { options: spring, calls: '/api', leave, versions }),
    await throughWebApp(fixture, 'spring', { options: older, leave, versions }),
  )
})

clientTest('spring-resource-server', async () =>
  both(
    await guardsApi(fixture, 'spring-resource-server', spring, versions),
    await guardsApi(fixture, 'spring-resource-server', older, versions),
  ),
)
