import { sharedWithOthers } from '../../shared/scope-warnings.ts'

/** For each scope of an API that others have: a sentence. Nothing of it is wrong; it is to be known. */
export async function sharedScopeWarnings(
  { identifier, scope }: { identifier: string; scope: string },
  findByScope: (scope: string) => Promise<readonly { identifier: string }[]>,
): Promise<string[]> {
  const warnings: string[] = []
  for (const each of scope.split(' ')) {
    const others = (await findByScope(each)).map((api) => api.identifier).filter((api) => api !== identifier)
    if (others.length > 0) warnings.push(sharedWithOthers(each, others))
  }
  return warnings
}
