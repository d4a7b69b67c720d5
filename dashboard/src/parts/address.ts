/** Where on the page something is shown. */

/** The address of an intersection; `main.ts` reads it. */
export function addressOf(id: string): string {
  return `#/intersection/${encodeURIComponent(id)}`;
}
