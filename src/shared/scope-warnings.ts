/** What is to be known of scopes, in the same words in the console, on the command line, in the JSON API and of files. */

/** What it means for apps that several APIs have a scope of the same name. */
const SHARED = 'apps that ask for it have to send resource (or audience), and are refused without'

/** A scope of an API that others have too. */
export const sharedWithOthers = (scope: string, others: readonly string[]): string =>
  `${scope} is a scope of ${some(others, ', ')} too: ${SHARED}`

/** A scope that several APIs have. */
export const sharedAmong = (scope: string, apis: readonly string[]): string =>
  `${scope} is a scope of ${some(apis, ' and ')}: ${SHARED}`

/** A scope of a client that is neither about a person nor of an API. */
export const ofNoApi = (scope: string): string => `no API has ${scope}: who asks for it is refused`

const some = (names: readonly string[], and: string): string =>
  `${names.slice(0, 3).join(and)}${names.length > 3 ? ' and others' : ''}`
