import { adapted } from '../adapt.ts'
import { type Metadata, type PolicyContext, policyProblems, type RegistrationPolicy } from '../policy.ts'
import { joined, refusedMetadata } from '../problems.ts'
import type { FetchedDocument } from './fetch.ts'

export interface DocumentRules {
  policy: RegistrationPolicy
  around: PolicyContext
  /** Parses a registration under the rules for all clients. @throws an error with `errors` by field */
  parse(input: Metadata): { metadata: object }
}

/** Without a secret: a document is public (draft §4.1). */
const AUTH_METHODS = ['none', 'private_key_jwt']

/**
 * The metadata in a document, under the same rules as a registration by anybody.
 * @throws ValidationError
 */
export function readDocument(url: URL, document: FetchedDocument, rules: DocumentRules): object {
  const sent = parsed(url, document)
  const { input, problems } = adapted(withMethod(sent), rules.policy, rules.around)
  problems.push(...policyProblems(input, rules.policy, rules.around))
  if (problems.length > 0) throw refusedMetadata(problems)
  try {
    return { ...rules.parse(input).metadata, client_id: url.href }
  } catch (error) {
    throw joined(error, [])
  }
}

function parsed(url: URL, { contentType, body }: FetchedDocument): Metadata {
  const refuse = (field: string, message: string) => refusedMetadata([{ field, message }])
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(contentType))
    throw refuse('document', 'must be served as application/json')
  let sent: unknown
  try {
    sent = JSON.parse(body)
  } catch {
    throw refuse('document', 'is not JSON')
  }
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent))
    throw refuse('document', 'must be a JSON object of client metadata')
  const metadata = sent as Metadata
  if (metadata.client_id !== url.href)
    throw refuse('client_id', 'must be the address of the document, character by character')
  if (Object.hasOwn(metadata, 'client_secret') || Object.hasOwn(metadata, 'client_secret_expires_at'))
    throw refuse('client_secret', 'must not be in a document that anybody can read')
  const method = metadata.token_endpoint_auth_method
  if (method !== undefined && !AUTH_METHODS.includes(String(method)))
    throw refuse(
      'token_endpoint_auth_method',
      `must be ${AUTH_METHODS.join(' or ')}: a document has no secret`,
    )
  return metadata
}

/** A document says how the client authenticates, or it is seen from whether it has keys: a secret it cannot have. */
const withMethod = (sent: Metadata): Metadata => {
  const hasKeys = sent.jwks !== undefined || sent.jwks_uri !== undefined
  return {
    ...sent,
    token_endpoint_auth_method: sent.token_endpoint_auth_method ?? (hasKeys ? 'private_key_jwt' : 'none'),
  }
}
