/**
 * Comments of src/ name who acts (CONTRIBUTING.md, “Words”). Prints each comment with a word that hides it, and exits 1.
 * Only comments: sentences that people read on pages are about persons, and may.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const HIDING = /\b(somebody|someone|whoever|elsewhere|meanwhile)\b/gi
const COMMENT = /\/\*[\s\S]*?\*\/|(?<![:'"`\w])\/\/[^\n]*/g

const problems = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith(join('storage', 'generated')))
  .flatMap((file) => {
    const text = readFileSync(join('src', file), 'utf8')
    return [...text.matchAll(COMMENT)].flatMap(({ 0: comment, index: start }) =>
      [...comment.matchAll(HIDING)].map(({ 0: word, index }) => {
        const line = text.slice(0, start + index).split('\n').length
        return `src/${file}:${line}: “${word}” hides who or where: name a client, a browser, a person, a process …`
      }),
    )
  })

for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
console.log('words: comments say who acts')
