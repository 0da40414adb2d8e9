import type { Connector, Registration } from '../../../src/federation/connector.ts'
import { github as kind } from '../../../src/federation/connectors/github.ts'
import type { TestGitHub } from '../../support/upstream/github.ts'

/** The connector as it is registered at this GitHub; the rest is what is wrong with it. */
export function connectGitHub(
  github: TestGitHub,
  rest: Partial<Registration> & { url?: string; api_url?: string } = {},
): Connector {
  const { url = github.url, api_url = github.apiUrl, ...registration } = rest
  const { clientId, clientSecret } = github
  return kind.create({ clientId, clientSecret, ...registration }, kind.settings.parse({ url, api_url }))
}
