import { SHARED_SCOPE } from '../shared-scope.ts'

/** What says about APIs with a scope of the same name. */
export const sharedScopeWarning = (scope: string, apis: readonly string[]): string =>
  `${scope} is a scope of ${apis.slice(0, 3).join(', ')}${apis.length > 3 ? ' and others' : ''} too: ${SHARED_SCOPE}`

/** For each scope of an API that others have: a sentence. Nothing of it is wrong; it is to be known. */
export async function sharedScopeWarnings(
  { identifier, scope }: { identifier: string; scope: string },
  findByScope: (scope: string) => Promise<readonly { identifier: string }[]>,
): Promise<string[]> {
  const warnings: string[] = []
  for (const each of scope.split(' ')) {
    const others = (await findByScope(each)).map((api) => api.identifier).filter((api) => api !== identifier)
    if (others.length > 0) warnings.push(sharedScopeWarning(each, others))
  }
  return warnings
}
