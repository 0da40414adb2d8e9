/** A refused request as the console shows it. Times in milliseconds since the epoch, those of JWTs in seconds. */
export interface RefusedRequest {
  id: string
  at: number
  endpoint: string
  clientId: string | null
  error: string
  description: string | null
  facts: RefusalFacts
}

export interface RefusalFacts {
  parameters?: string[] | undefined
  grant_type?: string | undefined
  response_type?: string | undefined
  scope?: string | undefined
  resource?: string[] | undefined
  redirect_uri?: string | undefined
  post_logout_redirect_uri?: string | undefined
  challenge?: { sent: boolean; method?: string | undefined } | undefined
  verifier?: { sent: boolean } | undefined
  authentication?: string | undefined
  claimed_client_id?: string | undefined
  assertion?:
    | {
        alg?: string | undefined
        kid?: string | undefined
        iss?: string | undefined
        aud?: string[] | undefined
        iat?: number | undefined
        exp?: number | undefined
      }
    | undefined
  request_object?:
    | {
        alg?: string | undefined
        kid?: string | undefined
        aud?: string[] | undefined
        exp?: number | undefined
      }
    | undefined
  proof?:
    | {
        alg?: string | undefined
        htm?: string | undefined
        htu?: string | undefined
        iat?: number | undefined
      }
    | undefined
  detail?: string | undefined
  code?: { redirect_uri?: string | undefined } | undefined
  registered?:
    | {
        redirect_uris?: string[] | undefined
        post_logout_redirect_uris?: string[] | undefined
        grant_types?: string[] | undefined
        scope?: string | undefined
        resource_scope?: string | undefined
        auth_method?: string | undefined
        kids?: string[] | undefined
        jwks_uri?: string | undefined
        pkce?: string | undefined
        request_alg?: string | undefined
      }
    | undefined
}

export type Segment =
  | { kind: 'same' | 'added' | 'missing'; text: string }
  | { kind: 'changed'; text: string; registered: string }

export interface OfferedFix {
  kind: 'trailing_slash' | 'path_case' | 'loopback_port' | 'path'
  add: string
  beside: string
  clientId: string
  clientName: string
  before: string[]
  after: { add: string[]; replace: string[] }
  version: string
}

export interface ExplainedRequest {
  rejection: RefusedRequest
  client?: { client_id: string; client_name: string } | undefined
  explanation: { title: string; mistake: string; inApp: string; here?: string | undefined }
  alignment?: { segments: Segment[]; sent: string; registered: string } | undefined
  fix?: OfferedFix | undefined
  /** What was refused for not being registered is registered now. */
  registeredSince: boolean
}

/** What the console needs of the refused requests. */
export interface RejectionsDependencies {
  rejections: {
    list(filter: {
      clientId?: string | undefined
      error?: string | undefined
      endpoint?: string | undefined
      cursor?: string | undefined
    }): Promise<{ items: (RefusedRequest & { title: string })[]; next_cursor?: string }>
    /** @throws AppError rejection_not_found (404) */
    show(text: string): Promise<ExplainedRequest>
    errors(): Promise<string[]>
    dropped(): number
    /** @throws AppError with status 4xx when it cannot be done */
    fix(id: string, mode: 'add' | 'replace', version: string): Promise<unknown>
  }
  clientName(clientId: string): Promise<string | undefined>
}
