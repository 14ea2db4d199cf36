/** The name, with the leaves of a quire beside it. */
export function Logo() {
  return (
    <span className="logo">
      <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
        <rect width="32" height="32" rx="8" fill="currentColor" />
        <path
          className="logo-leaf"
          d="M8 9.5c3-1.3 5.7-1 8 .8 2.3-1.8 5-2.1 8-.8v13c-3-1.3-5.7-1-8 .8-2.3-1.8-5-2.1-8-.8z"
        />
        <path className="logo-fold" d="M16 10.3v13" />
      </svg>
      Quire
    </span>
  );
}
