export const MANIFEST: string
export function digestOf(root: string, files: readonly string[]): string
export function isFresh(root: string): boolean
