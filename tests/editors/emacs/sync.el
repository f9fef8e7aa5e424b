;;; sync.el --- random edits; what rigpilot.el tells the server of them, and the text, one JSON a line  -*- lexical-binding: t -*-
(defvar sync-pieces ["a" "xyz" "\n" "\r" "\r\n" "é" "日本" "😀" "👩‍🔬" "\t" "\n\n" "    " "\x3fff80" "é\n😀"])
(setq inhibit-message t coding-system-for-write (quote utf-8))
(random "rigpilot")

;; No process: what would be sent is printed.
(defclass sync-connection (rigpilot-connection) ())
(defun sync-print (plist) (princ (concat (decode-coding-string (json-serialize plist :null-object nil) 'utf-8) "\n")))
(advice-add 'jsonrpc-notify :override
            (lambda (_connection method params) (sync-print (list :method (substring (symbol-name method) 1) :params params))))
(cl-defmethod jsonrpc-running-p ((_ sync-connection)) t)
(cl-defmethod initialize-instance :around ((connection sync-connection) &optional _slots) connection)
(defun sync-text () "What the server must have now."
  (rigpilot--flush)
  (sync-print (list :text (rigpilot--text))))

(with-temp-buffer
  (buffer-enable-undo)
  (let ((connection (make-instance 'sync-connection)))
    (setf (rigpilot--encoding connection) (getenv "ENCODING") (rigpilot--ready connection) t (rigpilot--wanted connection) t)
    (setq rigpilot--connection connection)
    (insert "one\ntwo é 😀\r\nthree\rfour\n")
    (cl-letf (((symbol-function 'rigpilot--start) #'ignore)) (rigpilot-mode 1))
    (dotimes (round 150)
      (dotimes (_ 3)
        (let* ((from (+ (point-min) (random (1+ (buffer-size))))) (to (min (point-max) (+ from (random 6))))
               (piece (aref sync-pieces (random (length sync-pieces)))))
          (pcase (random 12)
            ((or 0 1 2 3 4) (goto-char from) (insert piece))
            ((or 5 6) (delete-region from to))
            (7 (goto-char from) (delete-region from to) (insert piece piece))
            (8 (upcase-region from to))
            (9 (save-restriction (narrow-to-region from to) (goto-char (point-max)) (insert piece)))
            (10 (subst-char-in-region from to ?a ?b))
            (11 (undo-boundary) (ignore-errors (primitive-undo 1 buffer-undo-list))))))
      (when (> (buffer-size) 400) (delete-region 50 300))
      (sync-text))))
