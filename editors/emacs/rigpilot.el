;;; rigpilot.el --- Inline code suggestions from your own machine -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The Rigpilot contributors

;; Author: The Rigpilot contributors
;; Maintainer: The Rigpilot contributors
;; URL: https://github.com/rigpilot/rigpilot
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: convenience, languages, tools
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Ghost text at point from `rigpilot lsp', a language server that runs a
;; transformer in its own process.  This mode has a connection of its own, so
;; clangd, pyright and the like stay with Eglot or lsp-mode:
;;
;;   (add-to-list 'load-path "/path/to/rigpilot/editors/emacs")
;;   (require 'rigpilot)
;;   (setq rigpilot-server-command '("/path/to/rigpilot" "lsp"))
;;   (add-hook 'prog-mode-hook #'rigpilot-mode)
;;
;; While a suggestion shows: TAB takes all of it, M-f a word, M-e a line, M-n
;; and M-p go to the next and the previous one, C-g dismisses it.  With no
;; suggestion all of these keys are what they were.  `M-x rigpilot-complete'
;; asks by hand; the mode line's "Rigpilot" has a menu.

;;; Code:

(require 'jsonrpc)
(require 'project)
(require 'seq)
(require 'subr-x)
(require 'url-util)
(eval-when-compile (require 'cl-lib))

(declare-function completion-preview-hide "completion-preview")

;;;; What the user may set

(defgroup rigpilot nil
  "Inline code suggestions from your own machine."
  :group 'convenience
  :prefix "rigpilot-")

(defvar rigpilot-mode)

(defcustom rigpilot-server-command '("rigpilot" "lsp")
  "The program of the server, and its arguments.
For a model of your choice: (\"rigpilot\" \"lsp\" \"--model\" \"NAME\")."
  :type '(repeat string))

(defcustom rigpilot-settings nil
  "The server's settings, as a property list of what stands below \"rigpilot\".
For instance (:completion (:maxLines 4)).  Takes effect when the server starts."
  :type 'plist)

(defcustom rigpilot-idle-delay 0.05
  "Seconds without a key before a suggestion is asked for."
  :type 'number)

(defcustom rigpilot-with-popup 'hide
  "What happens to a suggestion while a completion popup shows.
That is Company, Corfu, *Completions* or `completion-preview-mode'.
`hide': it waits until the popup is gone.
`show': it shows beside the popup, whose keys stay the popup's; in place
of what `completion-preview-mode' shows."
  :type '(choice (const hide) (const show)))

(defcustom rigpilot-inhibit-predicates nil
  "Functions of no argument; no suggestion is asked for while one is non-nil."
  :type '(repeat function))

(defface rigpilot-ghost '((t :inherit shadow))
  "A suggestion that is not yet text.")

(defcustom rigpilot-mode-line " Rigpilot"
  "What the mode line calls the mode; the server's state is put behind it."
  :type 'string)

;;;; State

(defclass rigpilot-connection (jsonrpc-process-connection)
  ((ready :initform nil :accessor rigpilot--ready)
   (encoding :initform "utf-16" :accessor rigpilot--encoding)
   (wanted :initform t :accessor rigpilot--wanted))
  "The conversation with one server.
`ready': it may be asked.  `encoding': what its columns count.
`wanted': it did not end because we said so.")

(cl-defstruct (rigpilot--item (:copier nil))
  "One suggestion: TEXT in place of what is between the markers START and END."
  text start end json told (partly 0))

(defvar rigpilot--connection nil "The server, or nil.")
(defvar rigpilot--status nil "What the server last told of itself, a plist.")
(defvar rigpilot--ends nil "When the server ended without being asked to, newest first.")
(defvar rigpilot--restarting nil "Why the server is being started again, or nil.")

(defvar-local rigpilot--document nil "The URI that the server knows this buffer by, while open.")
(defvar-local rigpilot--version 0)
(defvar-local rigpilot--changes nil "Changes the server has not been told, newest first; or `all'.")
(defvar-local rigpilot--before nil "The place of the change that is being made.")
(defvar-local rigpilot--flush-timer nil)
(defvar-local rigpilot--ask-timer nil)
(defvar-local rigpilot--edited nil "The text changed since the last command.")
(defvar-local rigpilot--items nil "The suggestions for this place, the current one first.")
(defvar-local rigpilot--overlay nil "What draws the suggestion.")
(defvar-local rigpilot--point nil "Where point was when the suggestion was last looked at.")
(defvar-local rigpilot--showing nil "Non-nil while a suggestion is drawn.")
(defvar-local rigpilot--asked nil "The text's tick and point of the newest request.")

;;;; Places

(defun rigpilot--clean (text)
  "TEXT with what JSON cannot say, such as raw bytes, replaced one for one."
  (if (string-match-p "[^\x00-\xd7ff\xe000-\x10ffff]" text)
      (replace-regexp-in-string "[^\x00-\xd7ff\xe000-\x10ffff]" "\ufffd" text t t)
    text))

(defun rigpilot--width (text encoding)
  "How many columns TEXT has in ENCODING."
  (pcase encoding
    ("utf-8" (string-bytes (rigpilot--clean text)))
    ("utf-32" (length text))
    (_ (let ((wide 0))
         (seq-doseq (char text) (when (<= #x10000 char #x10ffff) (cl-incf wide)))
         (+ (length text) wide)))))

(defun rigpilot--lone-returns (end)
  "How many line ends before END are a carriage return alone.
They are line ends to the server, not to Emacs."
  (let ((count 0))
    (save-excursion
      (save-match-data
        (goto-char (point-min))
        (while (search-forward "\r" end t)
          (unless (eq (char-after) ?\n) (cl-incf count)))))
    count))

(defun rigpilot--line-start (pos)
  "Where the server's line with POS in it begins."
  (save-excursion
    (save-match-data
      (goto-char pos)
      (let ((start (line-beginning-position)))
        (while (and (search-backward "\r" start t) (eq (char-after (1+ (point))) ?\n)))
        (if (and (> pos (point)) (eq (char-after) ?\r) (not (eq (char-after (1+ (point))) ?\n)))
            (1+ (point))
          start)))))

(defun rigpilot--position (pos)
  "POS as the server counts it.  The buffer must be widened."
  (list :line (+ (1- (line-number-at-pos pos t)) (rigpilot--lone-returns pos))
        :character (rigpilot--width
                    (buffer-substring-no-properties (rigpilot--line-start pos) pos)
                    (rigpilot--encoding rigpilot--connection))))

(defun rigpilot--place (position at)
  "The buffer position that POSITION, on the line of AT, means; or nil."
  (when (= (plist-get position :line) (plist-get (rigpilot--position at) :line))
    (let* ((encoding (rigpilot--encoding rigpilot--connection))
           (pos (rigpilot--line-start at))
           (left (plist-get position :character)))
      (while (and (> left 0) (< pos (point-max)) (not (memq (char-after pos) '(?\n ?\r))))
        (cl-decf left (rigpilot--width (string (char-after pos)) encoding))
        (cl-incf pos))
      pos)))

;;;; The document, as the server has it

(defconst rigpilot--languages
  '((c++ . "cpp") (sh . "shellscript") (bash . "shellscript") (js . "javascript") (js2 . "javascript")
    (js-json . "json") (tsx . "typescriptreact") (emacs-lisp . "lisp") (lisp-interaction . "lisp")
    (cperl . "perl") (objc . "objective-c") (latex . "latex") (LaTeX . "latex") (rustic . "rust")
    (enh-ruby . "ruby") (mhtml . "html") (makefile-gmake . "makefile"))
  "Names of modes that LSP spells otherwise.")

(defun rigpilot--language ()
  "LSP's name for this buffer's language."
  (let ((name (replace-regexp-in-string "\\(?:-ts\\)?-mode\\'" "" (symbol-name major-mode))))
    (or (cdr (assq (intern name) rigpilot--languages)) name)))

(defun rigpilot--uri ()
  "A name for this buffer's document: its file, where it has one on this machine."
  (let ((file (buffer-file-name (buffer-base-buffer))))
    (if (and file (not (file-remote-p file)))
        (concat "file://" (url-hexify-string (expand-file-name file) url-path-allowed-chars))
      (concat "untitled:" (url-hexify-string (or file (buffer-name)))))))

(defun rigpilot--text ()
  "The whole text of this buffer."
  (save-restriction
    (widen)
    (rigpilot--clean (buffer-substring-no-properties (point-min) (point-max)))))

(defun rigpilot--notify (method params)
  "Tell the server METHOD with PARAMS, if there is one."
  (when (and rigpilot--connection (rigpilot--ready rigpilot--connection)
             (jsonrpc-running-p rigpilot--connection))
    (jsonrpc-notify rigpilot--connection method params)))

(defun rigpilot--open ()
  "Tell the server of this buffer."
  (when (and (not rigpilot--document) rigpilot--connection (rigpilot--ready rigpilot--connection))
    (setq rigpilot--document (rigpilot--uri)
          rigpilot--changes nil)
    (rigpilot--notify :textDocument/didOpen
                      (list :textDocument (list :uri rigpilot--document
                                                :languageId (rigpilot--language)
                                                :version (cl-incf rigpilot--version)
                                                :text (rigpilot--text))))))

(defun rigpilot--close ()
  "The server need not know this buffer any more."
  (rigpilot--clear)
  (rigpilot--cancel-timers)
  (when rigpilot--document
    (rigpilot--notify :textDocument/didClose (list :textDocument (list :uri rigpilot--document)))
    (setq rigpilot--document nil rigpilot--changes nil)))

(defun rigpilot--cancel-timers ()
  "Nothing more is to be done later in this buffer."
  (dolist (timer (list rigpilot--flush-timer rigpilot--ask-timer))
    (when (timerp timer) (cancel-timer timer)))
  (setq rigpilot--flush-timer nil rigpilot--ask-timer nil))

(defun rigpilot--before-change (begin end)
  "Remember where BEGIN to END is for the server: afterwards it is too late."
  (setq rigpilot--before
        (and rigpilot--document (listp rigpilot--changes)
             (save-restriction
               (widen)
               (list begin end (rigpilot--position begin) (rigpilot--position end))))))

(defun rigpilot--after-change (begin end before-length)
  "What is between BEGIN and END replaced BEFORE-LENGTH characters."
  (setq rigpilot--edited t)
  (when rigpilot--document
    (pcase rigpilot--before
      ((and (guard (listp rigpilot--changes))
            `(,(pred (= begin)) ,(and old-end (guard (= (- old-end begin) before-length))) ,from ,to))
       (push (list :range (list :start from :end to)
                   :text (save-restriction
                           (widen)
                           (rigpilot--clean (buffer-substring-no-properties begin end))))
             rigpilot--changes))
      ;; The two hooks do not speak of the same change, as some commands have it.
      (_ (setq rigpilot--changes 'all)))
    (unless rigpilot--flush-timer
      (setq rigpilot--flush-timer (run-with-idle-timer 0.2 nil #'rigpilot--flush-buffer (current-buffer)))))
  (setq rigpilot--before nil))

(defun rigpilot--flush-buffer (buffer)
  "Tell the server what changed in BUFFER."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer (rigpilot--flush))))

(defun rigpilot--flush ()
  "Tell the server what changed."
  (when (timerp rigpilot--flush-timer) (cancel-timer rigpilot--flush-timer))
  (setq rigpilot--flush-timer nil)
  (when (and rigpilot--document rigpilot--changes)
    (let ((changes (if (eq rigpilot--changes 'all)
                       (vector (list :text (rigpilot--text)))
                     (vconcat (reverse rigpilot--changes)))))
      (setq rigpilot--changes nil)
      (rigpilot--notify :textDocument/didChange
                        (list :textDocument (list :uri rigpilot--document :version (cl-incf rigpilot--version))
                              :contentChanges changes)))))

(defun rigpilot--after-save ()
  "The file is as the buffer is."
  (rigpilot--flush)
  (when rigpilot--document
    (rigpilot--notify :textDocument/didSave (list :textDocument (list :uri rigpilot--document)))))

(defun rigpilot--resync ()
  "The buffer has another text or another name than the server thinks."
  (rigpilot--close)
  (rigpilot--open))

;;;; The server

(defun rigpilot--buffers ()
  "All buffers with the mode."
  (seq-filter (lambda (buffer) (buffer-local-value 'rigpilot-mode buffer)) (buffer-list)))

(defun rigpilot--root ()
  "The folder of this buffer's project."
  (let ((project (ignore-errors (project-current))))
    (expand-file-name (if project
                          (if (fboundp 'project-root) (project-root project) default-directory)
                        default-directory))))

(defun rigpilot--initialize-params ()
  "What we say of ourselves."
  (let* ((root (rigpilot--root))
         (local (not (file-remote-p root)))
         (uri (and local (concat "file://" (url-hexify-string root url-path-allowed-chars)))))
    (list :processId (emacs-pid)
          :clientInfo (list :name "Emacs" :version emacs-version)
          :rootUri uri
          :workspaceFolders (and uri (vector (list :uri uri :name (file-name-nondirectory (directory-file-name root)))))
          :initializationOptions (or rigpilot-settings (make-hash-table))
          :capabilities
          (list :general '(:positionEncodings ["utf-32" "utf-8" "utf-16"])
                :window '(:workDoneProgress :json-false)
                :workspace '(:configuration t :workspaceFolders t)
                :experimental '(:rigpilotStatus t)
                :textDocument '(:synchronization (:didSave t)
                                :inlineCompletion (:dynamicRegistration :json-false))))))

(defun rigpilot--make-connection ()
  "Start the program and be connected with it."
  (apply #'make-instance 'rigpilot-connection
         (append
          ;; Nobody reads the events, and text of the user's files is in them.
          (if (slot-exists-p 'jsonrpc-connection '-events-buffer-config)
              '(:events-buffer-config (:size 0))
            '(:events-buffer-scrollback-size 0))
          (list :name "rigpilot"
                :notification-dispatcher #'rigpilot--on-notification
                :request-dispatcher #'rigpilot--on-request
                :on-shutdown #'rigpilot--on-shutdown
                :process (lambda ()
                          ;; The server is here, wherever the file is.
                          (let ((default-directory (if (file-remote-p default-directory) "~/" default-directory)))
                            (unless (executable-find (car rigpilot-server-command))
                              (error "There is no such program"))
                            (make-process :name "rigpilot"
                                          :command rigpilot-server-command
                                          :connection-type 'pipe
                                          :coding 'utf-8-emacs-unix
                                          :noquery t
                                          :stderr (get-buffer-create "*rigpilot stderr*"))))))))

(defun rigpilot--start ()
  "Start the server, if there is none."
  (unless (and rigpilot--connection (jsonrpc-running-p rigpilot--connection))
    (condition-case problem
        (let ((connection (rigpilot--make-connection)))
          (setq rigpilot--connection connection)
          (rigpilot--set-status '(:state "loading" :message "starting"))
          (jsonrpc-async-request
           connection :initialize (rigpilot--initialize-params)
           :timeout 60
           :success-fn (lambda (result) (rigpilot--on-initialized connection result))
           :timeout-fn (lambda () (rigpilot--fail "the server does not answer"))
           :error-fn (lambda (answer) (rigpilot--fail (plist-get answer :message)))))
      (error (rigpilot--fail (format "%s cannot be started (%s): set `rigpilot-server-command'"
                                     (car rigpilot-server-command) (error-message-string problem)))))))

(defun rigpilot--fail (why)
  "There are no suggestions, and WHY."
  (rigpilot--set-status (list :state "error" :message why))
  (message "Rigpilot makes no suggestions: %s" why))

(defun rigpilot--on-initialized (connection result)
  "CONNECTION is there, and RESULT is what its server can do."
  (when (eq connection rigpilot--connection)
    (setf (rigpilot--encoding connection)
          (or (plist-get (plist-get result :capabilities) :positionEncoding) "utf-16")
          (rigpilot--ready connection) t)
    (jsonrpc-notify connection :initialized (make-hash-table))
    (dolist (buffer (rigpilot--buffers))
      (with-current-buffer buffer
        (setq rigpilot--document nil)
        (rigpilot--open)))
    (when rigpilot--restarting
      (message "Rigpilot's server had ended (%s) and was started again" rigpilot--restarting)
      (setq rigpilot--restarting nil))))

(defun rigpilot--on-shutdown (connection)
  "CONNECTION's server has ended."
  (when (eq connection rigpilot--connection)
    (setq rigpilot--connection nil)
    (dolist (buffer (rigpilot--buffers))
      (with-current-buffer buffer
        (rigpilot--clear)
        (setq rigpilot--document nil rigpilot--changes nil)))
    (when (rigpilot--wanted connection)
      (let* ((process (jsonrpc--process connection))
             (why (format "%s %s" (if (eq (process-status process) 'signal) "signal" "exit code")
                          (process-exit-status process))))
        (push (float-time) rigpilot--ends)
        (if (> (seq-count (lambda (time) (> time (- (float-time) 120))) rigpilot--ends) 4)
            (rigpilot--fail (format "the server keeps ending (%s); `M-x rigpilot-show-log' has its words, `M-x rigpilot-restart' tries again"
                                    why))
          (setq rigpilot--restarting why)
          (rigpilot--set-status '(:state "loading" :message "starting again"))
          (run-with-timer 0.3 nil #'rigpilot--start))))))

(defun rigpilot--stop ()
  "End the server, if there is one."
  (when-let ((connection rigpilot--connection))
    (setf (rigpilot--wanted connection) nil)
    (setq rigpilot--connection nil)
    (dolist (buffer (rigpilot--buffers))
      (with-current-buffer buffer
        (rigpilot--clear)
        (setq rigpilot--document nil rigpilot--changes nil)))
    (when (jsonrpc-running-p connection)
      (ignore-errors
        (jsonrpc-request connection :shutdown nil :timeout 2)
        (jsonrpc-notify connection :exit nil))
      (let ((process (jsonrpc--process connection)))
        (run-with-timer 2 nil (lambda () (when (process-live-p process) (delete-process process))))))))

(defun rigpilot--on-notification (_connection method params)
  "Take a METHOD with PARAMS that the server said."
  (pcase method
    ('rigpilot/status (rigpilot--set-status params))
    ('window/showMessage (message "Rigpilot: %s" (plist-get params :message)))))

(defun rigpilot--on-request (_connection method params)
  "Answer the server's METHOD with PARAMS."
  (pcase method
    ('workspace/configuration
     (vconcat (mapcar (lambda (item) (and (equal (plist-get item :section) "rigpilot") rigpilot-settings))
                      (plist-get params :items))))
    ((or 'client/registerCapability 'client/unregisterCapability 'window/workDoneProgress/create) nil)
    (_ (jsonrpc-error :code -32601 :message (format "%s is not known" method)))))

(defun rigpilot--set-status (status)
  "Take STATUS as the server's state."
  (setq rigpilot--status status)
  (force-mode-line-update t))

(defun rigpilot--execute (command arguments then)
  "Have the server do COMMAND with the list ARGUMENTS.
THEN is a function of the result."
  (unless (and rigpilot--connection (rigpilot--ready rigpilot--connection))
    (user-error "Rigpilot's server is not running: %s" (or (plist-get rigpilot--status :message) "M-x rigpilot-restart")))
  (jsonrpc-async-request rigpilot--connection :workspace/executeCommand
                         (list :command command :arguments (vconcat arguments))
                         :success-fn then
                         :error-fn (lambda (answer) (message "Rigpilot: %s" (plist-get answer :message)))
                         :timeout 60
                         :timeout-fn (lambda () (message "Rigpilot: %s was not answered" command))))

;;;; Asking

(defun rigpilot--popup ()
  "The kind of completion popup on the screen: `list', `preview' or nil."
  (cond ((or completion-in-region-mode (bound-and-true-p company-candidates)) 'list)
        ((bound-and-true-p completion-preview-active-mode) 'preview)))

(defun rigpilot--may-ask ()
  "Whether a suggestion would be welcome here."
  (and rigpilot-mode rigpilot--document
       (not buffer-read-only)
       (not executing-kbd-macro)
       (not (region-active-p))
       (eq (current-buffer) (window-buffer (selected-window)))
       (not (equal (plist-get rigpilot--status :state) "paused"))
       (or (not (bound-and-true-p evil-local-mode))
           (memq (bound-and-true-p evil-state) '(insert emacs replace)))
       (not (run-hook-with-args-until-success 'rigpilot-inhibit-predicates))))

(defun rigpilot--ask-soon ()
  "Ask for a suggestion when the keys pause."
  (when (timerp rigpilot--ask-timer) (cancel-timer rigpilot--ask-timer))
  (setq rigpilot--ask-timer
        (run-with-idle-timer rigpilot-idle-delay nil
                             (lambda (buffer)
                               (when (eq buffer (current-buffer))
                                 (setq rigpilot--ask-timer nil)
                                 ;; A key that takes a suggestion would do something else when the macro runs.
                                 (when (and (rigpilot--may-ask) (not rigpilot--items) (not defining-kbd-macro))
                                   (rigpilot--ask 2 #'rigpilot--take))))
                             (current-buffer))))

(defun rigpilot--ask (trigger take)
  "Ask for suggestions at point, and call TAKE with them if nothing changed.
TRIGGER is 1 when the user asks, 2 when typing does."
  (rigpilot--flush)
  (let* ((buffer (current-buffer))
         (asked (cons (buffer-chars-modified-tick) (point))))
    (setq rigpilot--asked asked)
    (jsonrpc-async-request
     rigpilot--connection :textDocument/inlineCompletion
     (list :textDocument (list :uri rigpilot--document)
           :position (save-restriction (widen) (rigpilot--position (point)))
           :context (list :triggerKind trigger))
     :success-fn (lambda (result)
                   (when (buffer-live-p buffer)
                     (with-current-buffer buffer
                       (when (and (eq asked rigpilot--asked)
                                  (equal asked (cons (buffer-chars-modified-tick) (point)))
                                  (rigpilot--may-ask))
                         (funcall take (rigpilot--read-items result))))))
     :error-fn #'ignore
     :timeout 60
     :timeout-fn #'ignore)))

(defun rigpilot--read-items (result)
  "The suggestions in RESULT, as `rigpilot--item's."
  (save-restriction
    (widen)
    (delq nil (mapcar #'rigpilot--read-item (if (vectorp result) result (plist-get result :items))))))

(defun rigpilot--read-item (json)
  "The suggestion that JSON describes, or nil where it cannot be shown here."
  (let* ((range (plist-get json :range))
         (start (if range (rigpilot--place (plist-get range :start) (point)) (point)))
         (end (if range (rigpilot--place (plist-get range :end) (point)) (point)))
         (text (plist-get json :insertText)))
    (when (and (stringp text) start end (<= start (point) end))
      ;; What is typed at the end belongs to it.
      (make-rigpilot--item :text text :json json :start (copy-marker start) :end (copy-marker end t)))))

(defun rigpilot--take (items)
  "Show the first of ITEMS."
  (rigpilot--clear)
  (setq rigpilot--items items)
  (rigpilot--refresh))

;;;; Showing

(defun rigpilot--is-subsequence (part whole)
  "Whether the characters of PART occur in WHOLE in that order."
  (let ((at 0))
    (seq-every-p (lambda (char)
                   (when-let ((found (seq-position (substring whole at) char)))
                     (setq at (+ at found 1))))
                 part)))

(defun rigpilot--rest (item)
  "What ITEM would add here: (TEXT . TAIL), or nil if it does not fit any more.
TEXT comes at point; TAIL is what stands between point and the item's end and
follows TEXT, or is nil where that would be replaced."
  (let ((start (rigpilot--item-start item)) (end (rigpilot--item-end item)) (text (rigpilot--item-text item)))
    (when (and (< end (point)) (<= start (point)) (<= (point) (line-end-position)))
      (set-marker end (point)))         ; stepped over what stood there, as closing brackets are
    (when (<= (point-min) start (point) end (point-max))
      (let ((typed (buffer-substring-no-properties start (point)))
            (tail (buffer-substring-no-properties (point) end)))
        (when (string-prefix-p typed text)
          (let ((rest (substring text (length typed))))
            (cond ((string-suffix-p tail rest) (cons (substring rest 0 (- (length rest) (length tail))) tail))
                  ((rigpilot--is-subsequence tail rest) (cons rest nil)))))))))

(defun rigpilot--refresh ()
  "Draw the current suggestion as it is now; without one that fits, none."
  (let* ((item (car rigpilot--items))
         (rest (and item (rigpilot--rest item))))
    (setq rigpilot--point (point))
    (cond
     ((or (not rest) (string-empty-p (car rest))) (rigpilot--clear))
     ((and (rigpilot--popup) (eq rigpilot-with-popup 'hide)) (rigpilot--undraw))
     (t (when (and (eq (rigpilot--popup) 'preview) (fboundp 'completion-preview-hide))
          (completion-preview-hide))
        (rigpilot--draw item rest)))))

(defun rigpilot--draw (item rest)
  "Draw REST of ITEM at point."
  (let ((ghost (propertize (car rest) 'face 'rigpilot-ghost))
        (end (if (cdr rest) (point) (marker-position (rigpilot--item-end item)))))
    ;; The cursor stays before it; a line end cannot hold it.
    (when (eq (aref ghost 0) ?\n) (setq ghost (concat " " ghost)))
    (put-text-property 0 1 'cursor t ghost)
    (if (overlayp rigpilot--overlay)
        (move-overlay rigpilot--overlay (point) end (current-buffer))
      (setq rigpilot--overlay (make-overlay (point) end)))
    (overlay-put rigpilot--overlay 'window (selected-window))
    (overlay-put rigpilot--overlay 'priority 1000)
    (overlay-put rigpilot--overlay 'invisible (< (point) end))
    (overlay-put rigpilot--overlay 'after-string ghost)
    (setq rigpilot--showing t)
    (unless (rigpilot--item-told item)
      (setf (rigpilot--item-told item) t)
      (rigpilot--notify :textDocument/didShowCompletion (list :item (rigpilot--item-json item))))))

(defun rigpilot--undraw ()
  "Draw no suggestion."
  (when (overlayp rigpilot--overlay) (delete-overlay rigpilot--overlay))
  (setq rigpilot--showing nil))

(defun rigpilot--clear ()
  "There is no suggestion."
  (rigpilot--undraw)
  (setq rigpilot--overlay nil)
  (dolist (item rigpilot--items)
    (set-marker (rigpilot--item-start item) nil)
    (set-marker (rigpilot--item-end item) nil))
  (setq rigpilot--items nil rigpilot--asked nil))

(defun rigpilot--after-command ()
  "Keep the suggestion in step with the text, and ask for one after a change."
  (let ((edited rigpilot--edited))
    (setq rigpilot--edited nil)
    (when rigpilot--items
      (if (or edited (eql (point) rigpilot--point)) (rigpilot--refresh) (rigpilot--clear)))
    (when (and edited (not rigpilot--items)
               (not (memq this-command '(undo undo-only undo-redo rigpilot-dismiss))))
      (rigpilot--ask-soon))))

(defun rigpilot--window-changed (window)
  "WINDOW was left, or come to."
  (with-current-buffer (window-buffer window)
    (when (and rigpilot--items (not (eq window (selected-window)))) (rigpilot--clear))))

(defun rigpilot--popup-changed (&rest _)
  "A popup came or went."
  (when (and rigpilot-mode rigpilot--items) (rigpilot--refresh)))

;;;; Taking

(defun rigpilot--utf16-length (text)
  "How long TEXT is as the server's clients count it."
  (rigpilot--width text "utf-16"))

(defun rigpilot--insert (length)
  "Insert the first LENGTH characters of the ghost; the rest stays."
  (let* ((item (car rigpilot--items))
         (rest (rigpilot--rest item))
         (whole (>= length (length (car rest)))))
    (undo-boundary)
    (cond
     ((not whole) (insert (substring (car rest) 0 length)))
     ((cdr rest)
      (insert (car rest))
      (forward-char (length (cdr rest))))
     (t (delete-region (point) (rigpilot--item-end item))
        (insert (car rest))))
    (if whole
        (let ((command (plist-get (rigpilot--item-json item) :command)))
          (rigpilot--clear)
          (rigpilot--flush)
          (when command
            (rigpilot--execute (plist-get command :command) (plist-get command :arguments) #'ignore)))
      (rigpilot--flush)
      (rigpilot--notify :textDocument/didPartiallyAcceptCompletion
                        (list :item (rigpilot--item-json item)
                              :acceptedLength (rigpilot--utf16-length
                                               (buffer-substring-no-properties (rigpilot--item-start item) (point)))))
      (rigpilot--refresh))))

(defun rigpilot--ghost-text ()
  "The text of the ghost."
  (unless rigpilot--showing (user-error "There is no suggestion here"))
  (car (rigpilot--rest (car rigpilot--items))))

(defun rigpilot-accept ()
  "Take the suggestion."
  (interactive)
  (rigpilot--insert (length (rigpilot--ghost-text))))

(defun rigpilot-accept-word ()
  "Take the suggestion's next word."
  (interactive)
  (rigpilot--insert (rigpilot--part-length "\\`[ \t\r\n]*\\(?:[[:alnum:]_]+\\|[^[:alnum:]_ \t\r\n]+\\)")))

(defun rigpilot-accept-line ()
  "Take the rest of the suggestion's line."
  (interactive)
  (rigpilot--insert (rigpilot--part-length "\\`\n*[^\n]+")))

(defun rigpilot--part-length (part)
  "Length of the part of the suggestion that matches the regular expression PART."
  (let ((text (rigpilot--ghost-text)))
    (save-match-data
      (if (string-match part text) (match-end 0) (length text)))))

(defun rigpilot-dismiss ()
  "Take the suggestion away; typing does not bring it back here."
  (interactive)
  (when (and rigpilot--showing rigpilot--items)
    (rigpilot--flush)
    (rigpilot--notify :rigpilot/didDismiss
                      (list :textDocument (list :uri rigpilot--document)
                            :position (save-restriction (widen) (rigpilot--position (point)))
                            :item (rigpilot--item-json (car rigpilot--items)))))
  (rigpilot--clear))

(defun rigpilot-complete ()
  "Ask for a suggestion at point."
  (interactive)
  (unless rigpilot-mode (user-error "Rigpilot is off in this buffer: M-x rigpilot-mode"))
  (unless rigpilot--document
    (user-error "Rigpilot's server is not ready: %s" (or (plist-get rigpilot--status :message) "M-x rigpilot-restart")))
  (rigpilot--clear)
  (rigpilot--ask 1 (lambda (items)
                     (if items (rigpilot--take items) (message "Rigpilot has no suggestion here; M-x rigpilot-explain says why")))))

(defun rigpilot-next ()
  "Show the next suggestion for this place."
  (interactive)
  (rigpilot--cycle 1))

(defun rigpilot-previous ()
  "Show the previous suggestion for this place."
  (interactive)
  (rigpilot--cycle -1))

(defun rigpilot--cycle (step)
  "Show the suggestion STEP further; ask for more where there is only one."
  (rigpilot--ghost-text)
  (if (cdr rigpilot--items)
      (rigpilot--turn step)
    (rigpilot--ask 1 (lambda (items)
                       (let* ((shown (car (rigpilot--rest (car rigpilot--items))))
                              (others (seq-remove (lambda (item) (equal (car (rigpilot--rest item)) shown)) items)))
                         (if (not others)
                             (message "Rigpilot has no other suggestion here")
                           (setq rigpilot--items (cons (car rigpilot--items) others))
                           (rigpilot--turn step)))))))

(defun rigpilot--turn (step)
  "Make the suggestion STEP (1 or -1) further the current one."
  (setq rigpilot--items
        (if (> step 0)
            (append (cdr rigpilot--items) (list (car rigpilot--items)))
          (cons (car (last rigpilot--items)) (butlast rigpilot--items))))
  (rigpilot--refresh))

;;;; Commands about the server

(defun rigpilot--paused ()
  "Whether the server is paused."
  (equal (plist-get rigpilot--status :state) "paused"))

(defun rigpilot-pause ()
  "Pause suggestions everywhere; or go on with them."
  (interactive)
  (dolist (buffer (rigpilot--buffers))
    (with-current-buffer buffer (rigpilot--clear)))
  (rigpilot--execute (if (rigpilot--paused) "rigpilot.server.resume" "rigpilot.server.pause") nil
                     (lambda (status)
                       (rigpilot--set-status status)
                       (message "Rigpilot: %s" (plist-get status :message)))))

(defun rigpilot-pause-language ()
  "Pause suggestions in files of this buffer's language; or go on with them."
  (interactive)
  (let* ((language (rigpilot--language))
         (off (seq-contains-p (plist-get rigpilot--status :languagesOff) language)))
    (rigpilot--clear)
    (rigpilot--execute (if off "rigpilot.server.resumeLanguage" "rigpilot.server.pauseLanguage") (list language)
                       (lambda (status)
                         (rigpilot--set-status status)
                         (message "Rigpilot: suggestions in %s are %s" language (if off "on" "off"))))))

(defun rigpilot-choose-model ()
  "Choose the model for suggestions."
  (interactive)
  (rigpilot--execute "rigpilot.server.models" nil
                     ;; Not in the answer's own call: the user takes a while.
                     (lambda (models) (run-with-timer 0 nil #'rigpilot--choose-among (append models nil)))))

(defun rigpilot--choose-among (models)
  "Let the user choose one of MODELS, or name another, and load it."
  (let* ((names (mapcar (lambda (model) (plist-get model :name)) models))
         (completion-extra-properties
          (list :annotation-function
                (lambda (name)
                  (when-let ((model (seq-find (lambda (model) (equal (plist-get model :name) name)) models)))
                    (format "  %s%s" (or (plist-get model :detail) "")
                            (if (eq (plist-get model :loaded) t) "  (loaded)" ""))))))
         (name (completing-read "Model (a name, a folder or a .gguf file): " names)))
    (unless (string-empty-p name)
      (rigpilot--execute "rigpilot.server.loadModel" (list name) #'rigpilot--set-status))))

(defun rigpilot--page (name text)
  "Show TEXT in a buffer called NAME."
  (with-current-buffer (get-buffer-create name)
    (let ((inhibit-read-only t))
      (erase-buffer)
      (insert text)
      (goto-char (point-min)))
    (special-mode)
    (display-buffer (current-buffer))))

(defun rigpilot-explain ()
  "Show why the last suggestion was what it was, or why there was none."
  (interactive)
  (rigpilot--execute "rigpilot.server.explain" nil
                     (lambda (text) (rigpilot--page "*Rigpilot explains*" text))))

(defun rigpilot-statistics ()
  "Show what was suggested and taken since the server started."
  (interactive)
  (rigpilot--execute
   "rigpilot.server.statistics" nil
   (lambda (figures)
     (let ((latency (plist-get figures :latencyMs)))
       (rigpilot--page
        "*Rigpilot statistics*"
        (concat
         (mapconcat (lambda (row) (format "%-22s %s\n" (car row) (plist-get figures (cdr row))))
                    '(("Asked for" . :requests) ("Offered" . :offered) ("Ready before asked" . :fromReady)
                      ("Shown" . :shown) ("Accepted" . :accepted) ("Accepted in part" . :partlyAccepted)
                      ("Characters accepted" . :acceptedCharacters) ("Dismissed" . :dismissed))
                    "")
         (format "%-22s %.0f ms (median), %.0f ms (95th percentile)\n" "Time to answer"
                 (or (plist-get latency :p50) 0) (or (plist-get latency :p95) 0))))))))

(defun rigpilot-show-log ()
  "Show what the server wrote to its log."
  (interactive)
  (let ((buffer (seq-find #'buffer-live-p
                          (list (and rigpilot--connection (jsonrpc-stderr-buffer rigpilot--connection))
                                (get-buffer " *rigpilot stderr*") (get-buffer "*rigpilot stderr*")))))
    (unless buffer (user-error "Rigpilot's server was not started yet"))
    (display-buffer buffer)))

(defun rigpilot-restart ()
  "Start the server again."
  (interactive)
  (setq rigpilot--ends nil rigpilot--restarting nil)
  (rigpilot--stop)
  (rigpilot--start))

;;;; The mode

(defun rigpilot--unless-popup (command)
  "COMMAND, unless its key is a popup's."
  (and (not (eq (rigpilot--popup) 'list)) command))

(defvar rigpilot-ghost-map
  (let ((map (make-sparse-keymap)))
    (pcase-dolist (`(,key . ,command) '(("TAB" . rigpilot-accept) ("<tab>" . rigpilot-accept) ("M-n" . rigpilot-next)
                                        ("M-p" . rigpilot-previous) ("C-g" . rigpilot-dismiss)))
      (define-key map (kbd key) `(menu-item "" ,command :filter rigpilot--unless-popup)))
    (define-key map [remap forward-word] #'rigpilot-accept-word)
    (define-key map [remap right-word] #'rigpilot-accept-word)
    (define-key map (kbd "M-f") #'rigpilot-accept-word)
    (define-key map (kbd "M-e") #'rigpilot-accept-line)
    map)
  "Keys that are Rigpilot's only while a suggestion shows.")

;; Before the keys of minor modes, whenever they were loaded.
(defvar rigpilot--keymaps (list (cons 'rigpilot--showing rigpilot-ghost-map)))
(add-to-list 'emulation-mode-map-alists 'rigpilot--keymaps)

(defun rigpilot--state-text ()
  "The server's state, for the mode line."
  (pcase (plist-get rigpilot--status :state)
    ("loading" (if-let ((percent (plist-get rigpilot--status :percent))) (format ":%d%%%%" percent) ":..."))
    ("thinking" ":*")
    ("paused" ":paused")
    ("error" (propertize ":!" 'face 'error))
    (_ "")))

(defvar rigpilot-mode-map (make-sparse-keymap)
  "Keys of `rigpilot-mode'; put `rigpilot-complete' here, for instance.")

(easy-menu-define rigpilot-mode-menu rigpilot-mode-map
  "What can be done about Rigpilot."
  '("Rigpilot"
    ["Pause" rigpilot-pause :style toggle :selected (rigpilot--paused)]
    ["Pause for This Language" rigpilot-pause-language :style toggle
     :selected (seq-contains-p (plist-get rigpilot--status :languagesOff) (rigpilot--language))]
    ["Choose Model..." rigpilot-choose-model]
    "--"
    ["Suggest Here" rigpilot-complete]
    ["Why This Suggestion?" rigpilot-explain]
    ["Statistics" rigpilot-statistics]
    "--"
    ["Show Log" rigpilot-show-log]
    ["Restart the Server" rigpilot-restart]))

(defvar rigpilot--mode-line-map
  (let ((map (make-sparse-keymap)))
    (define-key map [mode-line down-mouse-1] rigpilot-mode-menu)
    map))

(defun rigpilot--mode-line ()
  "The mode line's part."
  (let ((text (concat rigpilot-mode-line (rigpilot--state-text)))
        (help (replace-regexp-in-string "%" "%%" (or (plist-get rigpilot--status :message) "starting"))))
    (propertize text 'help-echo (format "Rigpilot: %s\nmouse-1: menu" help)
                'mouse-face 'mode-line-highlight 'local-map rigpilot--mode-line-map)))

(defconst rigpilot--hooks
  '((before-change-functions . rigpilot--before-change)
    (after-change-functions . rigpilot--after-change)
    (post-command-hook . rigpilot--after-command)
    (after-save-hook . rigpilot--after-save)
    (after-revert-hook . rigpilot--resync)
    (after-set-visited-file-name-hook . rigpilot--resync)
    (kill-buffer-hook . rigpilot--close)
    (change-major-mode-hook . rigpilot--close)
    (window-selection-change-functions . rigpilot--window-changed)
    (completion-in-region-mode-hook . rigpilot--popup-changed)
    (completion-preview-active-mode-hook . rigpilot--popup-changed)
    (company-completion-started-hook . rigpilot--popup-changed)
    (company-after-completion-hook . rigpilot--popup-changed))
  "What the mode follows in its buffer.")

;;;###autoload
(define-minor-mode rigpilot-mode
  "Suggestions at point, from a model on your own machine.
\\<rigpilot-ghost-map>
While a suggestion shows, \\[rigpilot-accept] takes it, \\[rigpilot-accept-word] a word of it,
\\[rigpilot-accept-line] a line; \\[rigpilot-next] and \\[rigpilot-previous] show others, and
\\[rigpilot-dismiss] takes it away."
  :lighter (:eval (rigpilot--mode-line))
  :keymap rigpilot-mode-map
  (pcase-dolist (`(,hook . ,function) rigpilot--hooks)
    (if rigpilot-mode
        (add-hook hook function nil t)
      (remove-hook hook function t)))
  (if (not rigpilot-mode)
      (rigpilot--close)
    (rigpilot--start)
    (rigpilot--open)))

(defun rigpilot--turn-on ()
  "Turn the mode on where there is code to write."
  (when (and (derived-mode-p 'prog-mode 'text-mode 'conf-mode) (not buffer-read-only) (not (minibufferp)))
    (rigpilot-mode 1)))

;;;###autoload
(define-globalized-minor-mode global-rigpilot-mode rigpilot-mode rigpilot--turn-on
  :group 'rigpilot)

(provide 'rigpilot)
;;; rigpilot.el ends here
